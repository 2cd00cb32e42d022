// Held against the openssl program, which did not make them.
#include "cli/certificates.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "bus/rpc/identity.h"
#include "bus/testing/status_matchers.h"
#include "cli/files.h"
#include "gmock/gmock.h"

namespace simpul::cli {
namespace {

using ::simpul::testing::IsOk;
using ::simpul::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  std::string output;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), n);
  }
  return output + "exit " + std::to_string(WEXITSTATUS(pclose(pipe)));
}

class Certificates : public ::testing::Test {
 protected:
  Certificates() {
    std::string root = (std::filesystem::temp_directory_path() / "certs-XXXXXX").string();
    options_.data = mkdtemp(root.data());
    options_.identities = {"gateway", "service/wifi"};
  }
  ~Certificates() override { std::filesystem::remove_all(options_.data); }

  std::string Certificate(const std::string& path) {
    return options_.data + "/certs/" + path + "/tls.crt";
  }

  CertificateOptions options_;
};

TEST_F(Certificates, StandUpToOpenssl) {
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  EXPECT_THAT(Shell("openssl verify -x509_strict -purpose sslserver -CAfile " + options_.data +
                    "/ca/ca.crt " + Certificate("gateway")),
              HasSubstr("exit 0"));
  EXPECT_THAT(Shell("openssl verify -x509_strict -purpose sslclient -verify_hostname localhost "
                    "-verify_ip 127.0.0.1 -CAfile " +
                    options_.data + "/certs/gateway/ca.crt " + Certificate("service/wifi")),
              HasSubstr("exit 0"));
  const std::string text = Shell("openssl x509 -noout -text -in " + Certificate("service/wifi"));
  EXPECT_THAT(text, HasSubstr("URI:spiffe://simpul.local/service/wifi"));
  EXPECT_THAT(text, HasSubstr("Subject: CN = service/wifi"));
  EXPECT_THAT(text, HasSubstr("prime256v1"));
  EXPECT_THAT(Shell("openssl x509 -noout -checkend 300000000 -in " + options_.data + "/ca/ca.crt"),
              HasSubstr("exit 0"));
}

TEST_F(Certificates, OfAgenciesAndOperatorsAreForClientsAlone) {
  options_.identities = {"agency/sample", "operator/admin", "kafka/broker"};
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  const auto verify = [this](const std::string& how, const std::string& path) {
    return Shell("openssl verify -x509_strict " + how + " -CAfile " + options_.data +
                 "/ca/ca.crt " + Certificate(path));
  };
  for (const char* path : {"agency/sample", "operator/admin"}) {
    EXPECT_THAT(verify("-purpose sslclient", path), HasSubstr("exit 0"));
    EXPECT_THAT(verify("-purpose sslserver", path), HasSubstr("exit 2"));
    EXPECT_THAT(verify("-purpose sslclient -verify_ip 127.0.0.1", path), HasSubstr("exit 2"));
    EXPECT_THAT(verify("-purpose sslclient -verify_hostname localhost", path), HasSubstr("exit 2"));
  }
  EXPECT_THAT(verify("-purpose sslserver -verify_ip 127.0.0.1", "kafka/broker"),
              HasSubstr("exit 0"));
}

// What an earlier version gave to all: a certificate to serve with.
TEST_F(Certificates, ThatAllowTooMuchAreMadeAnew) {
  options_.identities = {"agency/sample"};
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  const std::string folder = options_.data + "/certs/agency/sample";
  ASSERT_THAT(
      Shell("openssl req -x509 -CA " + options_.data + "/ca/ca.crt -CAkey " + options_.data +
            "/ca/ca.key -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
            "-nodes -days 365 -subj /CN=sample -addext extendedKeyUsage=serverAuth,"
            "clientAuth -addext "
            "subjectAltName=URI:spiffe://simpul.local/agency/sample,DNS:localhost -keyout " +
            folder + "/tls.key -out " + folder + "/tls.crt"),
      HasSubstr("exit 0"));
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("agency/sample"));
  EXPECT_THAT(*EnsureCertificates(options_), IsEmpty());
}

TEST_F(Certificates, AreWhatPartsLoad) {
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  const auto credentials =
      rpc::Credentials::Load(rpc::CertificateFiles::In(options_.data + "/certs/service/wifi"));
  ASSERT_THAT(credentials, IsOk());
  EXPECT_EQ((*credentials)->identity().Uri(), "spiffe://simpul.local/service/wifi");
}

TEST_F(Certificates, AreMadeOnce) {
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("gateway", "service/wifi"));
  const std::string before = *ReadFile(Certificate("gateway"));
  EXPECT_THAT(*EnsureCertificates(options_), IsEmpty());
  options_.identities.push_back("adapter/dpupr");
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("adapter/dpupr"));
  EXPECT_EQ(*ReadFile(Certificate("gateway")), before);
}

TEST_F(Certificates, KeepKeysToTheirOwner) {
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  for (const char* key : {"/ca/ca.key", "/certs/gateway/tls.key"}) {
    struct stat about;
    ASSERT_EQ(stat((options_.data + key).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u) << key;
  }
}

TEST_F(Certificates, LieInAFolderThatIsClosedToOthers) {
  ASSERT_EQ(mkdir((options_.data + "/certs").c_str(), 0755), 0);  // as an earlier version left it
  const mode_t before = umask(0);
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  umask(before);
  for (const char* folder : {"/ca", "/certs"}) {
    struct stat about;
    ASSERT_EQ(stat((options_.data + folder).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700u) << folder;
  }
}

TEST_F(Certificates, AreRenewedWhenTheirEndIsNear) {
  options_.lifetime = options_.renew_before - absl::Hours(1);
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  options_.lifetime = absl::Hours(24 * 365);
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("gateway", "service/wifi"));
  EXPECT_THAT(*EnsureCertificates(options_), IsEmpty());
}

TEST_F(Certificates, AreMadeAnewWhenTheKeyIsLostOrTheTrustDomainChanges) {
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  std::filesystem::remove(options_.data + "/certs/gateway/tls.key");
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("gateway"));
  options_.trust_domain = "cilegon.go.id";
  EXPECT_THAT(*EnsureCertificates(options_), ElementsAre("gateway", "service/wifi"));
}

TEST_F(Certificates, NeverReplaceACaThatIsBroken) {
  ASSERT_THAT(EnsureCertificates(options_), IsOk());
  const std::string certificate = *ReadFile(options_.data + "/ca/ca.crt");
  std::filesystem::remove(options_.data + "/ca/ca.key");
  EXPECT_THAT(EnsureCertificates(options_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(options_.data + "/ca")));
  EXPECT_EQ(*ReadFile(options_.data + "/ca/ca.crt"), certificate);
}

TEST_F(Certificates, RefuseAnIdentityThatIsNone) {
  for (const char* path : {"", "/", "../x", "service/", "Service/wifi", "a/b/c"}) {
    options_.identities = {path};
    EXPECT_THAT(EnsureCertificates(options_), StatusIs(absl::StatusCode::kInvalidArgument)) << path;
  }
}

}  // namespace
}  // namespace simpul::cli
