#include "adapters/sources/rest/query.h"

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

absl::Status Expected(const char* key, const char* what) {
  return absl::InvalidArgumentError(absl::StrFormat("paging.%s: expected %s", key, what));
}

absl::Status SetPointer(const char* key, const std::string& text, Pointer& out) {
  auto pointer = Pointer::Parse(text);
  if (!pointer.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %s", key, std::string(pointer.status().message())));
  }
  out = *std::move(pointer);
  return absl::OkStatus();
}

absl::StatusOr<Paging> ParsePaging(const PagingText& text, const RowShape& shape) {
  Paging out{.by = text.by,
             .position = text.position,
             .first_number = text.first_number,
             .size_name = text.size_name,
             .size = text.size,
             .has_total = !text.total.empty()};
  if (text.by == PageBy::kNothing) return out;
  const bool is_counted = text.by != PageBy::kLink;
  if (is_counted && (text.position.empty() || text.size_name.empty())) {
    return Expected("position", "the query parameters of the page's position and size");
  }
  if (is_counted && text.size < 2) return Expected("size", "at least 2 rows a page");
  if (!is_counted && text.next.empty()) return Expected("next", "where the next page's address is");
  out.key = shape.Find(text.key);
  if (out.key < 0) return Expected("key", "one of the columns, by which the rows are sorted");
  if (auto s = SetPointer("paging.next", text.next, out.next); !s.ok()) return s;
  if (auto s = SetPointer("paging.total", text.total, out.total); !s.ok()) return s;
  return out;
}

}  // namespace

absl::StatusOr<Query> Query::Parse(const QueryText& text) {
  Query out;
  auto request = Request::Parse(text.request);
  if (!request.ok()) return request.status();
  if (!request->is_read()) return absl::InvalidArgumentError("method: expected GET for a read");
  out.request_ = *std::move(request);
  auto shape = RowShape::Parse(text.rows);
  if (!shape.ok()) return shape.status();
  out.shape_ = *std::move(shape);
  auto paging = ParsePaging(text.paging, out.shape_);
  if (!paging.ok()) return paging.status();
  out.paging_ = *std::move(paging);
  auto window = Window::Parse(text.order, out.shape_);
  if (!window.ok()) return window.status();
  out.window_ = *std::move(window);
  out.has_etag_ = !text.etag.empty();
  out.names_item_ =
      out.paging_.by == PageBy::kNothing && absl::StrContains(out.request_.label(), "{");
  if (auto s = SetPointer("etag", text.etag, out.etag_); !s.ok()) return s;
  return out;
}

std::string Query::EtagIn(const Document& answer) const {
  const Document::Node* node = has_etag_ ? etag_.Find(answer, answer.root()) : nullptr;
  return node != nullptr && node->kind == Document::Kind::kText ? std::string(node->text) : "";
}

absl::StatusOr<Command> Command::Parse(const CommandText& text) {
  Command out;
  auto request = Request::Parse(text.request);
  if (!request.ok()) return request.status();
  if (request->is_read()) {
    return absl::InvalidArgumentError("method: expected POST, PUT, PATCH or DELETE for a write");
  }
  out.request_ = *std::move(request);
  out.has_answer_ = !text.rows.columns.empty();
  if (!out.has_answer_) return out;
  auto shape = RowShape::Parse(text.rows);
  if (!shape.ok()) return shape.status();
  out.shape_ = *std::move(shape);
  return out;
}

}  // namespace simpul::sources::rest
