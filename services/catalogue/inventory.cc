#include "services/catalogue/inventory.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "services/catalogue/ownership.h"
#include "services/domain/name.h"
#include "services/domain/page.h"

namespace simpul::catalogue {
namespace {

using google::protobuf::FieldDescriptor;

constexpr size_t kLongestText = 4000;
constexpr int kFirstYear = 1950;
constexpr int kLastYear = 2100;

std::string IdOf(const v1::Application& application) {
  return application.name().substr(application.name().rfind('/') + 1);
}

v1::ImportOutcome Refused(const std::string& field, const std::string& reason) {
  v1::ImportOutcome outcome;
  outcome.set_result(v1::ImportOutcome::REFUSED);
  outcome.add_fields(field);
  outcome.set_reason(reason);
  return outcome;
}

std::optional<v1::ImportOutcome> FindLongText(const v1::Application& application) {
  const auto* reflection = application.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection->ListFields(application, &set);
  for (const FieldDescriptor* field : set) {
    if (field->type() == FieldDescriptor::TYPE_STRING &&
        reflection->GetString(application, field).size() > kLongestText) {
      return Refused(field->name(),
                     absl::StrFormat("longer than %d bytes; shorten it", kLongestText));
    }
  }
  return std::nullopt;
}

// Nothing if it may be kept.
std::optional<v1::ImportOutcome> FindFault(const v1::Application& application) {
  if (!domain::DepartmentOf(application.name(), "applications")) {
    return Refused("name",
                   "not departments/{department}/applications/{id}: a department is a-z, 0-9 and "
                   "'-', an id at most 128 printable characters without a space or '/'");
  }
  if (application.display_name().empty()) {
    return Refused("display_name", "empty; write what the application is called");
  }
  if (!v1::Application::Status_IsValid(application.status())) {
    return Refused("status", "not one of ACTIVE, PLANNED and RETIRED");
  }
  const int year = application.build_year();
  if (year != 0 && (year < kFirstYear || year > kLastYear)) {
    return Refused("build_year",
                   absl::StrFormat("not a year from %d to %d", kFirstYear, kLastYear));
  }
  if (!application.adapter().empty() && !IsName(application.adapter())) {
    return Refused("adapter", "not a lower-case letter and up to 62 of a-z, 0-9 and '-'");
  }
  return FindLongText(application);
}

// Names of the fields in which `a` and `b` differ, in the order of the contract. MessageDifferencer
// takes a field that is false for one that is not set.
std::vector<std::string> Differences(v1::Application a, v1::Application b) {
  a.clear_update_time();
  b.clear_update_time();
  std::vector<std::string> fields;
  if (a.SerializeAsString() == b.SerializeAsString()) return fields;
  const auto* descriptor = v1::Application::descriptor();
  const auto* reflection = a.GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    v1::Application of_a;
    v1::Application of_b;
    reflection->SwapFields(&a, &of_a, {descriptor->field(i)});
    reflection->SwapFields(&b, &of_b, {descriptor->field(i)});
    if (of_a.SerializeAsString() != of_b.SerializeAsString()) {
      fields.push_back(descriptor->field(i)->name());
    }
  }
  return fields;
}

absl::Status ReadApplication(const store::Row& row, v1::Application& application) {
  const std::string_view bytes = row.Bytes(0);
  if (application.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError("a row of the table application is damaged; delete it");
}

absl::StatusOr<std::optional<v1::Application>> Find(store::Transaction& transaction,
                                                    const std::string& name) {
  std::optional<v1::Application> found;
  auto status = transaction.Query(
      "SELECT resource FROM application WHERE name = $1", {name},
      [&](const store::Row& row) { return ReadApplication(row, found.emplace()); });
  if (!status.ok()) return status;
  return found;
}

absl::Status Save(store::Transaction& transaction, const v1::Application& application) {
  const std::string bytes = application.SerializeAsString();
  return transaction.Write(
      "INSERT INTO application (name, department, status, resource) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (name) DO UPDATE SET status = excluded.status, resource = excluded.resource",
      {application.name(), *domain::DepartmentOf(application.name(), "applications"),
       int64_t{application.status()}, store::Blob{bytes}});
}

absl::StatusOr<v1::ImportOutcome> ImportOne(store::Transaction& transaction,
                                            v1::Application application, bool validate_only) {
  auto before = Find(transaction, application.name());
  if (!before.ok()) return before.status();
  v1::ImportOutcome outcome;
  outcome.set_result(v1::ImportOutcome::CREATED);
  if (*before) {
    for (std::string& field : Differences(**before, application))
      outcome.add_fields(std::move(field));
    outcome.set_result(outcome.fields().empty() ? v1::ImportOutcome::UNCHANGED
                                                : v1::ImportOutcome::CHANGED);
  }
  if (validate_only || outcome.result() == v1::ImportOutcome::UNCHANGED) return outcome;
  if (auto status = Save(transaction, application); !status.ok()) return status;
  return outcome;
}

constexpr std::string_view kList =
    "SELECT resource FROM application WHERE name > $1 AND ($3 = '' OR department = $3) AND "
    "($4 = 0 OR status = $4) ORDER BY name LIMIT $2";

}  // namespace

std::string AuthorityOf(const v1::Application& application) {
  const std::string app = application.adapter().empty() ? absl::AsciiStrToLower(IdOf(application))
                                                        : application.adapter();
  return app + "." +
         domain::DepartmentOf(application.name(), "applications").value_or(std::string());
}

absl::StatusOr<std::vector<v1::ImportOutcome>> Inventory::Import(
    std::span<const v1::Application* const> applications, bool validate_only) {
  std::vector<v1::ImportOutcome> outcomes;
  std::set<std::string_view> seen;
  const auto now =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(clock_.Now()));
  const auto work = [&](store::Transaction& transaction) -> absl::Status {
    for (const v1::Application* application : applications) {
      auto fault = FindFault(*application);
      if (!fault && !seen.insert(application->name()).second) {
        fault = Refused("name", "an application before it in this import has the same name");
      }
      if (fault) {
        outcomes.push_back(*std::move(fault));
        continue;
      }
      v1::Application fresh = *application;
      *fresh.mutable_update_time() = now;
      auto outcome = ImportOne(transaction, std::move(fresh), validate_only);
      if (!outcome.ok()) return outcome.status();
      outcomes.push_back(*std::move(outcome));
    }
    return absl::OkStatus();
  };
  auto status = validate_only ? store_.Read(work) : store_.Transact(work);
  if (!status.ok()) return status;
  return outcomes;
}

absl::StatusOr<v1::Application> Inventory::Get(const v1::GetApplicationRequest& request) const {
  std::optional<v1::Application> found;
  auto status = store_.Read([&](store::Transaction& transaction) -> absl::Status {
    auto read = Find(transaction, request.name());
    if (!read.ok()) return read.status();
    found = *std::move(read);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (found) return *std::move(found);
  return absl::NotFoundError(
      "name: no application has it; ListApplications gives those that there are");
}

absl::StatusOr<v1::ListApplicationsResponse> Inventory::List(
    const v1::ListApplicationsRequest& request) const {
  const auto department = domain::DepartmentOfParent(request.parent());
  if (!department) {
    return absl::InvalidArgumentError("parent: neither empty nor departments/{department}");
  }
  if (!v1::Application::Status_IsValid(request.status())) {
    return absl::InvalidArgumentError("status: not one of ACTIVE, PLANNED and RETIRED");
  }
  const std::string scope =
      absl::StrFormat("ListApplications\n%s\n%d", *department, request.status());
  auto page = domain::ReadPage(tokens_, scope, request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListApplicationsResponse response;
  auto status = store_.Read([&](store::Transaction& transaction) {
    return transaction.Query(
        kList, {page->after, page->limit(), *department, int64_t{request.status()}},
        [&](const store::Row& row) { return ReadApplication(row, *response.add_applications()); });
  });
  if (!status.ok()) return status;
  response.set_next_page_token(
      domain::CutToPage(tokens_, scope, *page, *response.mutable_applications()));
  return response;
}

absl::Status Inventory::ForEach(absl::FunctionRef<void(const v1::Application&)> each) const {
  v1::Application application;
  return store_.Read([&](store::Transaction& transaction) {
    return transaction.Query("SELECT resource FROM application ORDER BY name", {},
                             [&](const store::Row& row) -> absl::Status {
                               auto status = ReadApplication(row, application);
                               if (status.ok()) each(application);
                               return status;
                             });
  });
}

}  // namespace simpul::catalogue
