#include "bus/rpc/identity.h"

#include <filesystem>
#include <fstream>

#include "bus/rpc/test_credentials.h"
#include "bus/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace simpul::rpc {
namespace {

using ::simpul::testing::StatusIs;
using ::testing::HasSubstr;

TEST(Identity, IsWrittenAsItWasRead) {
  for (const char* uri :
       {"spiffe://cilegon.go.id/gateway", "spiffe://simpul.local/service/wifi",
        "spiffe://simpul.local/adapter/dinas-kominfo", "spiffe://simpul.local/operator/admin"}) {
    const auto identity = Identity::Parse(uri);
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ(identity->Uri(), uri);
  }
  EXPECT_EQ(Identity::Parse("spiffe://a.b/service/wifi")->Path(), "service/wifi");
  EXPECT_EQ(Identity::Parse("spiffe://a.b/gateway")->Path(), "gateway");
}

TEST(Identity, OfAnotherShapeIsRefused) {
  for (const char* uri :
       {"", "spiffe://", "spiffe://simpul.local", "spiffe://simpul.local/", "spiffe:///gateway",
        "https://simpul.local/gateway", "spiffe://simpul.local/service",
        "spiffe://simpul.local/service/", "spiffe://simpul.local/service/wifi/x",
        "spiffe://simpul.local/Service/wifi", "spiffe://simpul.local/service/Wifi",
        "spiffe://simpul.local/gateway/one", "spiffe://simpul.local/kafka/broker",
        "spiffe://simpul.local/agency/sample", "spiffe://Simpul.Local/gateway",
        "spiffe://simpul.local/service/wifi?x", "spiffe://simpul.local:8443/gateway"}) {
    EXPECT_THAT(Identity::Parse(uri), StatusIs(absl::StatusCode::kInvalidArgument)) << uri;
  }
}

TEST(Credentials, KnowTheIdentityOfTheirCertificate) {
  TestCredentials certificates;
  EXPECT_EQ(certificates.For("service/wifi")->identity().Uri(),
            "spiffe://simpul.test/service/wifi");
}

TEST(Credentials, NameTheFileThatIsMissing) {
  TestCredentials certificates;
  const std::string directory = certificates.DirectoryOf("gateway");
  std::filesystem::remove(directory + "/tls.crt");
  EXPECT_THAT(Credentials::Load(CertificateFiles::In(directory)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(directory + "/tls.crt")));
}

TEST(Credentials, RefuseAKeyOfAnotherCertificate) {
  TestCredentials certificates;
  CertificateFiles files = CertificateFiles::In(certificates.DirectoryOf("gateway"));
  files.key = CertificateFiles::In(certificates.DirectoryOf("service/wifi")).key;
  EXPECT_THAT(Credentials::Load(files),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(files.key)));
}

TEST(Credentials, RefuseWhatIsNoPem) {
  TestCredentials certificates;
  const CertificateFiles files = CertificateFiles::In(certificates.DirectoryOf("gateway"));
  std::ofstream(files.certificate) << "hello";
  EXPECT_THAT(Credentials::Load(files),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(files.certificate)));
}

TEST(Credentials, RefuseACertificateWithoutASpiffeIdOfAPart) {
  TestCredentials certificates;
  const std::string directory = certificates.DirectoryOf("agency/sample");
  EXPECT_THAT(Credentials::Load(CertificateFiles::In(directory)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("tls.crt")));
}

}  // namespace
}  // namespace simpul::rpc
