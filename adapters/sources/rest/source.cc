#include "adapters/sources/rest/source.h"

#include "absl/strings/ascii.h"
#include "adapters/sources/rest/failure.h"
#include "adapters/sources/rest/paging.h"

namespace simpul::sources::rest {
namespace {

constexpr int kMaxRedirects = 5;
// However long an application asks to be left alone, a watch looks again before long.
constexpr absl::Duration kLongestHold = absl::Minutes(10);
// Of all requests of one query together; each of them has the limit's timeout.
constexpr absl::Duration kLongestReading = absl::Minutes(5);

bool IsRedirect(int code) {
  return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

}  // namespace

Connection::Connection(Source& source, const Site& site, const Limits& limits)
    : source_(source), site_(site), limits_(limits), http_(site, limits.answer_bytes) {}

absl::StatusOr<HttpAnswer> Connection::Send(const HttpRequest& request, absl::Time deadline) {
  if (auto s = source_.AwaitTurn(deadline); !s.ok()) return s;
  const absl::Duration left = deadline - absl::Now();
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("was not asked: the time was over before its turn came");
  }
  HttpAnswer answer = http_.Send(request, std::min(left, limits_.timeout));
  if (answer.code == 429 || answer.code == 503) source_.Hold(answer.retry_after);
  return answer;
}

absl::StatusOr<Document> Connection::Get(const rest::Query& query, const std::string& url,
                                         absl::Time deadline, std::string* etag) {
  HttpRequest request{.url = url};
  for (int i = 0; i <= kMaxRedirects; ++i) {
    auto answer = Send(request, deadline);
    if (!answer.ok()) return answer.status();
    if (answer->fate == HttpAnswer::Fate::kAnswered && IsRedirect(answer->code)) {
      auto next = site_.Follow(request.url, answer->location);
      if (!next.ok()) return next.status();
      request.url = *std::move(next);
      continue;
    }
    auto document = ReadAnswer(*answer, query.names_item());
    if (etag != nullptr && document.ok()) {
      *etag = answer->etag.empty() ? query.EtagIn(*document) : answer->etag;
    }
    return document;
  }
  return absl::FailedPreconditionError("leads in a circle; check base_url and path");
}

absl::Status Connection::Query(const sources::Query& query, const Bindings& bindings,
                               absl::Time deadline, EachBatch each) {
  const auto& read = static_cast<const rest::Query&>(query);
  if (bindings.keys != nullptr) return ReadEachKey(read, bindings, deadline, each);
  Bindings asked = bindings;  // what stands before every row asks for all of them
  for (auto& [name, value] : asked.values) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->empty()) value = std::monostate{};
  }
  return Read(read, asked, deadline,
              [&](const Batch& batch) { return read.window().Cut(batch, bindings, each); });
}

// A key that is not there has no rows.
absl::Status Connection::ReadEachKey(const rest::Query& query, const Bindings& bindings,
                                     absl::Time deadline, EachBatch each) {
  for (size_t i = 0; i < bindings.key_count; ++i) {
    const absl::Status status =
        Read(query, {.values = {{"key", bindings.keys[i]}}}, deadline, each);
    if (!status.ok() && !absl::IsNotFound(status)) return status;
  }
  return absl::OkStatus();
}

absl::Status Connection::Read(const rest::Query& query, const Bindings& bindings,
                              absl::Time deadline, EachBatch each, std::string* etag) {
  const Request& request = query.request();
  auto filled = request.Fill(bindings);
  if (!filled.ok()) return filled.status();
  const std::string target = site_.path() + filled->target;
  const auto fetch = [&](const std::string& address) -> absl::StatusOr<Document> {
    auto url = site_.Follow(site_.origin() + target, address);
    if (!url.ok()) return url.status();
    return Get(query, *url, deadline, etag);
  };
  absl::StatusOr<Rows> rows = absl::UnknownError("");
  if (query.paging().by == PageBy::kNothing) {
    auto answer = Get(query, site_.origin() + target, deadline, etag);
    if (!answer.ok()) return Of(site_, request, answer.status());
    rows = query.shape().Read(*std::move(answer));
    if (rows.ok() && rows->size() > static_cast<size_t>(limits_.rows)) {
      rows =
          absl::ResourceExhaustedError("has more rows than limits.rows; raise it or ask for fewer");
    }
  } else {
    rows = PagedReading(query, target, limits_.rows, fetch).Read();
  }
  if (!rows.ok()) return Of(site_, request, rows.status());
  return each(rows->batch(query.shape().columns()));
}

absl::Status Connection::Write(const Command& command, const Bindings& bindings,
                               std::string_view etag, absl::Time deadline, EachBatch each) {
  const Request& request = command.request();
  auto filled = request.Fill(bindings);
  if (!filled.ok()) return filled.status();
  if (std::any_of(etag.begin(), etag.end(), [](char c) { return absl::ascii_iscntrl(c); })) {
    return absl::InvalidArgumentError("the etag is none that an application gave");
  }
  auto answer = Send({.method = request.method(),
                      .url = site_.origin() + site_.path() + filled->target,
                      .body = std::move(filled->body),
                      .if_match = std::string(etag)},
                     deadline);
  if (!answer.ok()) return Of(site_, request, answer.status());
  if (auto s = WriteAnswer(*answer); !s.ok()) return Of(site_, request, s);
  if (!command.has_answer()) return absl::OkStatus();
  auto document = ReadAnswer(*answer, false);
  if (!document.ok())
    return Of(site_, request, MayBeDone(std::string(document.status().message())));
  auto rows = command.shape().Read(*std::move(document));
  if (!rows.ok()) return Of(site_, request, MayBeDone(std::string(rows.status().message())));
  return each(rows->batch(command.shape().columns()));
}

absl::StatusOr<std::unique_ptr<Source>> Source::Create(const Endpoint& endpoint,
                                                       const Limits& limits) {
  auto site = Site::Check(endpoint);
  if (!site.ok()) return site.status();
  return std::unique_ptr<Source>(new Source(*std::move(site), limits));
}

Source::Source(Site site, const Limits& limits)
    : sources::Source(limits, kLongestReading),
      site_(std::move(site)),
      pace_(limits.requests_per_second) {}

absl::StatusOr<std::unique_ptr<sources::Connection>> Source::Connect() {
  return std::unique_ptr<sources::Connection>(new Connection(*this, site_, limits()));
}

absl::Status Source::Read(const rest::Query& query, const Bindings& bindings, absl::Time deadline,
                          EachBatch each, std::string* etag) {
  auto lease = Acquire(deadline);
  if (!lease.ok()) return lease.status();
  return static_cast<Connection&>(**lease).Read(query, bindings, deadline, each, etag);
}

absl::Status Source::Write(const Command& command, const Bindings& bindings, std::string_view etag,
                           absl::Time deadline, EachBatch each) {
  auto lease = Acquire(deadline);
  if (!lease.ok()) return lease.status();
  return static_cast<Connection&>(**lease).Write(command, bindings, etag, deadline, each);
}

absl::Status Source::AwaitTurn(absl::Time deadline) {
  const absl::Time now = absl::Now();
  std::optional<absl::Time> at;
  bool is_held = false;
  {
    absl::MutexLock lock(&mutex_);
    at = pace_.Take(now, deadline);
    is_held = pace_.IsHeld(now);
  }
  if (!at.has_value()) {
    return absl::ResourceExhaustedError(
        is_held ? "asked to be left alone for a while; try again later"
                : "has had its limits.requests_per_second; try again later");
  }
  if (*at > now) absl::SleepFor(*at - now);
  return absl::OkStatus();
}

void Source::Hold(absl::Duration time) {
  absl::MutexLock lock(&mutex_);
  pace_.HoldUntil(absl::Now() + std::min(time, kLongestHold));
}

}  // namespace simpul::sources::rest
