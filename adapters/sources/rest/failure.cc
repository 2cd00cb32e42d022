#include "adapters/sources/rest/failure.h"

#include "absl/strings/str_format.h"

namespace simpul::sources::rest {
namespace {

using Fate = HttpAnswer::Fate;

bool IsPage(std::string_view body) {
  const size_t begin = body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return begin != std::string_view::npos && body[begin] == '<';
}

constexpr char kPage[] =
    "answered with a page for people instead of JSON; see whether it is being maintained, asks for "
    "a login, or has its interface elsewhere";

// Of 3xx and 4xx alike in reads and writes; it did nothing.
absl::Status Refusal(int code) {
  const auto text = [&](const char* what) {
    return absl::StrFormat("answered %d; %s", code, what);
  };
  switch (code) {
    case 401:
      return absl::FailedPreconditionError(
          text("it does not know our credential, or it has expired: renew it"));
    case 403:
      return absl::FailedPreconditionError(text("our credential has no right to this: grant it"));
    case 404:
    case 410:
      return absl::FailedPreconditionError(text("it has no such address: check base_url and path"));
    case 408:
      return absl::UnavailableError(text("it did not get the request in time; try again later"));
    case 429:
      return absl::ResourceExhaustedError(
          text("it was asked too often: lower limits.requests_per_second"));
    default:
      return absl::FailedPreconditionError(
          text("it does not take this request: check the mapping"));
  }
}

std::string ServerError(int code) {
  return code == 503 ? "answered 503: it is overloaded or being maintained; try again later"
                     : absl::StrFormat("answered %d: an error of its own; see its log", code);
}

}  // namespace

absl::Status Of(const Site& site, const Request& request, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrFormat("the application at %s (%s) %s", site.address(),
                                      request.label(), std::string(status.message())));
}

absl::StatusOr<Document> ReadAnswer(const HttpAnswer& answer, bool names_item) {
  if (answer.fate != Fate::kAnswered) return answer.error;
  if (answer.code >= 500) return absl::UnavailableError(ServerError(answer.code));
  if (names_item && (answer.code == 404 || answer.code == 410)) {
    return absl::NotFoundError(absl::StrFormat("answered %d: it has no such item", answer.code));
  }
  if (answer.code < 200 || answer.code >= 300) return Refusal(answer.code);
  if (answer.is_cut) {
    return absl::ResourceExhaustedError(
        "answered with more than limits.answer_bytes; ask for smaller pages or raise it");
  }
  if (IsPage(answer.body)) return absl::FailedPreconditionError(kPage);
  auto document = Document::Parse(answer.body);
  if (!document.ok()) {
    return absl::Status(
        document.status().code(),
        absl::StrFormat("answered with what %s", std::string(document.status().message())));
  }
  return document;
}

absl::Status WriteAnswer(const HttpAnswer& answer) {
  if (answer.fate == Fate::kNotSent) return answer.error;
  if (answer.fate == Fate::kLost) return MayBeDone(std::string(answer.error.message()));
  const int code = answer.code;
  if (code >= 500) return MayBeDone(ServerError(code));
  if (code >= 300 && code < 400) return MayBeDone(absl::StrFormat("answered %d, a redirect", code));
  if (code == 409 || code == 412) {
    return absl::AbortedError(
        absl::StrFormat("answered %d: the item has changed meanwhile; read it again", code));
  }
  if (code == 404 || code == 410) {
    return absl::NotFoundError(absl::StrFormat("answered %d: it has no such item", code));
  }
  if (code == 400 || code == 422) {
    return absl::InvalidArgumentError(
        absl::StrFormat("answered %d: it does not take these values", code));
  }
  if (code < 200 || code >= 300) return Refusal(code);
  return IsPage(answer.body) ? MayBeDone(kPage) : absl::OkStatus();
}

absl::Status MayBeDone(std::string_view what) {
  return absl::UnknownError(
      absl::StrFormat("%s. The change may have been made: look before you ask again", what));
}

}  // namespace simpul::sources::rest
