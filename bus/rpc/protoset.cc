// Files are copied as the bytes they came in: parsed and written again, options would change place
// with what is linked into the program, and the hash with them.
#include "bus/rpc/protoset.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "openssl/evp.h"

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): names of symbols that objcopy makes
extern const char simpul_protoset[];
extern const char simpul_protoset_end[];
// NOLINTEND(readability-identifier-naming)
}

namespace simpul::rpc {
namespace {

using google::protobuf::internal::WireFormatLite;

// The one field of FileDescriptorSet, `file`, length-delimited.
constexpr char kFileTag = (1 << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED;

constexpr int kMaxImportDepth = 100;

struct File {
  std::string bytes;
  std::vector<std::string> imports;
};

struct Files {
  std::map<std::string, File> by_name;
  std::map<std::string, std::string> file_of_service;
};

absl::StatusOr<Files> Read(std::string_view protoset) {
  const absl::Status broken = absl::InvalidArgumentError(
      "the contract is no protoset; make it by protoc --include_imports --descriptor_set_out");
  Files files;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(protoset.data()),
                                            static_cast<int>(protoset.size()));
  while (const uint32_t tag = in.ReadTag()) {
    uint32_t size = 0;
    File file;
    google::protobuf::FileDescriptorProto proto;
    if (tag != static_cast<uint32_t>(kFileTag) || !in.ReadVarint32(&size) ||
        !in.ReadString(&file.bytes, static_cast<int>(size)) || !proto.ParseFromString(file.bytes)) {
      return broken;
    }
    file.imports.assign(proto.dependency().begin(), proto.dependency().end());
    const std::string prefix = proto.package().empty() ? "" : proto.package() + ".";
    for (const auto& service : proto.service()) {
      files.file_of_service[prefix + service.name()] = proto.name();
    }
    files.by_name.emplace(proto.name(), std::move(file));
  }
  if (!in.ConsumedEntireMessage() || files.by_name.empty()) return broken;
  return files;
}

// Appends `name` after all that it imports, each file once.
absl::Status Append(const Files& files, const std::string& name, int depth,
                    std::set<std::string>& done, std::string& out) {
  if (!done.insert(name).second) return absl::OkStatus();
  if (depth > kMaxImportDepth) {
    return absl::InvalidArgumentError("the protoset's imports are nested too deeply");
  }
  const auto file = files.by_name.find(name);
  if (file == files.by_name.end()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the protoset lacks the imported file %s; make it with --include_imports", name));
  }
  for (const std::string& import : file->second.imports) {
    if (auto status = Append(files, import, depth + 1, done, out); !status.ok()) return status;
  }
  out.push_back(kFileTag);
  std::array<uint8_t, 5> size;
  const uint8_t* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<uint32_t>(file->second.bytes.size()), size.data());
  out.append(reinterpret_cast<const char*>(size.data()), end - size.data());
  out.append(file->second.bytes);
  return absl::OkStatus();
}

}  // namespace

std::string_view BuiltInProtoset() {
  return std::string_view(simpul_protoset, simpul_protoset_end - simpul_protoset);
}

absl::StatusOr<std::string> ProtosetOf(std::string_view protoset,
                                       std::span<const std::string> services) {
  const auto files = Read(protoset);
  if (!files.ok()) return files.status();
  std::set<std::string> done;
  std::string out;
  for (const std::string& service : std::set<std::string>(services.begin(), services.end())) {
    const auto file = files->file_of_service.find(service);
    if (file == files->file_of_service.end()) {
      return absl::NotFoundError(absl::StrFormat("the protoset has no service %s", service));
    }
    if (auto status = Append(*files, file->second, 0, done, out); !status.ok()) return status;
  }
  return out;
}

std::string ContractHash(std::string_view protoset) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_Digest(protoset.data(), protoset.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

std::string DataSchema(std::string_view contract_hash) {
  return absl::StrFormat("urn:simpul:contract:%s", contract_hash);
}

}  // namespace simpul::rpc
