#include "adapters/sources/rest/http.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/base/call_once.h"

namespace simpul::sources::rest {
namespace {

void InitializeOnce() {
  static absl::once_flag once;
  absl::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

absl::Status ErrorOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return absl::UnavailableError("cannot be found: its name does not resolve; check base_url");
    case CURLE_COULDNT_CONNECT:
      return absl::UnavailableError("takes no connections; see whether it runs");
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError("did not answer in time; try again later");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return absl::FailedPreconditionError(
          "shows a certificate that is not to be trusted; renew it, or name its CA in ca_file");
    case CURLE_SSL_CONNECT_ERROR:
      return absl::UnavailableError("does not speak TLS there; check base_url");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return absl::DataLossError("does not speak HTTP there; check base_url");
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return absl::UnavailableError("broke off in the middle; try again later");
    default:
      return absl::UnavailableError("could not be asked; check base_url and the network");
  }
}

}  // namespace

// One request on its way.
class HttpConnection::Transfer {
 public:
  Transfer(CURL* curl, size_t limit) : curl_(curl), limit_(limit) {}
  ~Transfer() { curl_slist_free_all(headers_); }

  void AddHeader(const std::string& line) { headers_ = curl_slist_append(headers_, line.c_str()); }

  void Prepare(const HttpRequest& request, absl::Duration timeout, const std::string& ca_file) {
    curl_easy_reset(curl_);
    Set(CURLOPT_URL, request.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_PROXY, "");
    Set(CURLOPT_PATH_AS_IS, 1L);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_MAXCONNECTS, 1L);
    Set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    Set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(absl::ToInt64Milliseconds(timeout))));
    if (!ca_file.empty()) Set(CURLOPT_CAINFO, ca_file.c_str());
    Set(CURLOPT_WRITEFUNCTION, &Transfer::Write);
    Set(CURLOPT_WRITEDATA, this);
    AddHeader("Accept: application/json");
    if (request.method != "GET") {
      Set(CURLOPT_FRESH_CONNECT, 1L);
      Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      AddHeader("Expect:");  // else libcurl waits a second for leave to send
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      Set(CURLOPT_POSTFIELDS, request.body.c_str());
      AddHeader(request.body.empty() ? "Content-Type:" : "Content-Type: application/json");
      if (!request.if_match.empty()) AddHeader("If-Match: " + request.if_match);
    }
    Set(CURLOPT_HTTPHEADER, headers_);
  }

  HttpAnswer Run() {
    const CURLcode code = curl_easy_perform(curl_);
    long status = 0;
    long sent = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl_, CURLINFO_REQUEST_SIZE, &sent);
    curl_easy_getinfo(curl_, CURLINFO_RETRY_AFTER, &retry_after);
    answer_.code = static_cast<int>(status);
    answer_.retry_after = absl::Seconds(retry_after);
    answer_.etag = Header("ETag");
    answer_.location = Header("Location");
    // What follows a status line that says no is not needed.
    if (code != CURLE_OK && !answer_.is_cut && status < 400) {
      answer_.fate = sent == 0 ? HttpAnswer::Fate::kNotSent : HttpAnswer::Fate::kLost;
      answer_.error = ErrorOf(code);
    }
    return std::move(answer_);
  }

 private:
  template <class T>
  void Set(CURLoption option, T value) {
    curl_easy_setopt(curl_, option, value);
  }

  std::string Header(const char* name) {
    curl_header* header = nullptr;
    const CURLHcode code = curl_easy_header(curl_, name, 0, CURLH_HEADER, -1, &header);
    return code == CURLHE_OK ? header->value : "";
  }

  static size_t Write(char* data, size_t, size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    std::string& body = transfer.answer_.body;
    transfer.answer_.is_cut = size > transfer.limit_ - body.size();
    if (transfer.answer_.is_cut) return 0;
    body.append(data, size);
    return size;
  }

  CURL* const curl_;
  const size_t limit_;
  curl_slist* headers_ = nullptr;
  HttpAnswer answer_;
};

void HttpConnection::Closer::operator()(void* curl) const { curl_easy_cleanup(curl); }

HttpConnection::HttpConnection(const Site& site, size_t answer_bytes)
    : site_(site), answer_bytes_(answer_bytes) {
  InitializeOnce();
  curl_.reset(curl_easy_init());
}

HttpConnection::~HttpConnection() = default;

HttpAnswer HttpConnection::Send(const HttpRequest& request, absl::Duration timeout) {
  Transfer transfer(curl_.get(), answer_bytes_);
  for (const std::string& line : site_.header_lines()) transfer.AddHeader(line);
  transfer.Prepare(request, timeout, site_.ca_file());
  return transfer.Run();
}

}  // namespace simpul::sources::rest
