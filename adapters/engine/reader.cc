#include "adapters/engine/reader.h"

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "adapters/engine/page.h"
#include "adapters/engine/position.h"
#include "adapters/engine/text_value.h"
#include "adapters/engine/wire.h"
#include "google/protobuf/dynamic_message.h"

namespace simpul::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using sources::Batch;
using sources::Bindings;
using sources::Value;

constexpr int kDefaultPage = 1000;

absl::StatusOr<std::unique_ptr<Message>> ParseRequest(
    const google::protobuf::MethodDescriptor& method, std::string_view bytes) {
  static auto* const factory = new google::protobuf::DynamicMessageFactory;
  std::unique_ptr<Message> request(factory->GetPrototype(method.input_type())->New());
  if (!request->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the request is no %s", method.input_type()->full_name()));
  }
  return request;
}

// A field of the request by name; empty or 0 if the contract has none.
std::string TextOf(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return "";
  return message.GetReflection()->GetString(message, field);
}
int32_t NumberOf(const Message& message, const char* name) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_INT32) return 0;
  return message.GetReflection()->GetInt32(message, field);
}

// What a page token is bound to: the rpc and all of the request but its page.
std::string ScopeOf(const google::protobuf::MethodDescriptor& method, Message& request) {
  for (const char* name : {"page_size", "page_token"}) {
    if (const auto* field = request.GetDescriptor()->FindFieldByName(name)) {
      request.GetReflection()->ClearField(&request, field);
    }
  }
  return method.full_name() + "\n" + request.SerializeAsString();
}

}  // namespace

Value KeyOf(const ResourcePlan& plan, std::string_view text) {
  std::string canonical;
  const sources::Cell cell = sources::Cell::Text(text);
  if (!plan.fields.AppendKey(cell, canonical) || canonical != text) return std::monostate{};
  if (plan.key_is_text) return canonical;
  int64_t number = 0;
  ParseInteger(text, number);
  return number;
}

bool Reader::Serves(std::string_view method) const {
  return std::any_of(mapping_.resources.begin(), mapping_.resources.end(),
                     [&](const ResourcePlan& plan) {
                       return (plan.get_method != nullptr && plan.get_method->name() == method) ||
                              (plan.list_method != nullptr && plan.list_method->name() == method);
                     });
}

absl::StatusOr<std::string> Reader::Answer(std::string_view method, std::string_view request,
                                           Ask ask) const {
  for (const ResourcePlan& plan : mapping_.resources) {
    if (plan.get_method != nullptr && plan.get_method->name() == method) {
      return Get(plan, request, ask);
    }
    if (plan.list_method != nullptr && plan.list_method->name() == method) {
      return List(plan, request, ask);
    }
  }
  return absl::UnimplementedError(
      absl::StrFormat("the adapter %s has no rpc of this name", mapping_.adapter));
}

absl::Status Reader::Explain(const absl::Status& status, std::string_view rpc,
                             const MappedQuery& query) const {
  const absl::StatusCode code =
      absl::IsAborted(status) ? absl::StatusCode::kUnavailable : status.code();
  return absl::Status(code,
                      absl::StrFormat("adapter %s, %s (%s): %s", mapping_.adapter, std::string(rpc),
                                      query.where, std::string(status.message())));
}

absl::Status Reader::Unfit(const absl::Status& status, std::string_view rpc) const {
  return absl::Status(status.code(),
                      absl::StrFormat("adapter %s, %s: %s", mapping_.adapter, std::string(rpc),
                                      std::string(status.message())));
}

absl::StatusOr<std::string> Reader::Get(const ResourcePlan& plan, std::string_view request,
                                        Ask ask) const {
  const std::string& rpc = plan.get_method->name();
  auto parsed = ParseRequest(*plan.get_method, request);
  if (!parsed.ok()) return parsed.status();
  const std::string name = TextOf(**parsed, "name");
  if (!absl::StartsWith(name, plan.name_prefix)) {
    return absl::InvalidArgumentError(absl::StrFormat("name: expected '%s{id}'", plan.name_prefix));
  }
  const auto not_found = absl::NotFoundError(
      absl::StrFormat("the application of adapter %s has no such row", mapping_.adapter));
  const Value key = KeyOf(plan, std::string_view(name).substr(plan.name_prefix.size()));
  if (std::holds_alternative<std::monostate>(key)) return not_found;
  std::string answer;
  bool found = false;
  absl::Status unfit;
  PlanColumns columns;
  const absl::Status status =
      ask(plan.get, {.values = {{"key", key}}}, [&](const Batch& batch) -> absl::Status {
        if (batch.rows == 0) return absl::OkStatus();
        if (auto s = FindColumns(plan, batch, columns); !s.ok()) return s;
        const sources::Cell* row = batch.row(0);
        Misfit misfit{"name", kTwice};
        const bool is_one = !found && batch.rows == 1;
        found = true;
        if (is_one && plan.fields.Encode(columns, row, answer, misfit)) return absl::OkStatus();
        return unfit = absl::DataLossError(plan.fields.Describe(misfit, row[columns.key]));
      });
  if (!unfit.ok()) return Unfit(unfit, rpc);
  if (!status.ok()) return Explain(status, rpc, plan.get);
  if (!found) return not_found;
  return answer;
}

absl::StatusOr<std::string> Reader::List(const ResourcePlan& plan, std::string_view request,
                                         Ask ask) const {
  const std::string& rpc = plan.list_method->name();
  auto parsed = ParseRequest(*plan.list_method, request);
  if (!parsed.ok()) return parsed.status();
  const int page_size = NumberOf(**parsed, "page_size");
  if (page_size < 0) return absl::InvalidArgumentError("page_size: expected 0 or more");
  const std::string token = TextOf(**parsed, "page_token");
  const std::string scope = ScopeOf(*plan.list_method, **parsed);
  Position position = LowestPosition(plan.order);
  if (!token.empty()) {
    auto opened = tokens_.Open(scope, token);
    if (!opened.ok() || !ParsePosition(*opened, plan.order.size(), position)) {
      return absl::InvalidArgumentError(
          "page_token: expected the next_page_token of the same List with the same filter");
    }
  }
  const int limit = std::min(page_size == 0 ? kDefaultPage : page_size, mapping_.limits.rows);
  Bindings bindings{.values = {{"limit", int64_t{limit} + 1}}};  // one more tells of a next page
  Bind(plan.order, position, bindings);
  Page page(plan, limit);
  const absl::Status status =
      ask(plan.list, bindings, [&](const Batch& batch) { return page.Take(batch); });
  if (!page.unfit().ok()) return Unfit(page.unfit(), rpc);
  if (!status.ok() && !page.is_cut()) return Explain(status, rpc, plan.list);
  std::string answer = page.Release();
  if (page.has_more()) {
    const auto* next = plan.list_method->output_type()->FindFieldByName("next_page_token");
    if (next != nullptr) {
      wire::AppendBytesField(answer, next->number(),
                             tokens_.Seal(scope, PositionBytes(page.position())));
    }
  }
  return answer;
}

}  // namespace simpul::engine
