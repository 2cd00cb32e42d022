// libFuzzer: a path, a query and a body, each behind a line feed; and the path as a template, too.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gateway/transcode/path_template.h"
#include "gateway/transcode/request.h"
#include "gateway/transcode/testdata/test_contract.h"

namespace simpul::transcode {
namespace {

const RestRouter& Router() {
  static const auto router = [] {
    RestRouter::Builder builder;
    for (const Service& service : TestContract()->services()) {
      for (const Method& method : service.methods) {
        if (!builder.Add(TestContract(), method).ok()) std::abort();
      }
    }
    return std::move(builder).Build();
  }();
  return *router;
}

std::string_view TakeLine(std::string_view& input) {
  size_t end = input.find('\n');
  std::string_view line = input.substr(0, end);
  input.remove_prefix(end == input.npos ? input.size() : end + 1);
  return line;
}

void Fuzz(std::string_view input) {
  std::string_view verb = TakeLine(input);
  std::string_view path = TakeLine(input);
  std::string_view query = TakeLine(input);
  (void)PathTemplate::Parse(path);
  (void)Router().Allow(path);
  Match match;
  if (Router().Find(verb, path, match) != RouteResult::kFound) return;
  Buffer body;
  body.Append(input);
  Buffer out;
  if (!BuildRequest(match, query, body.Padded(), out).ok()) {
    if (!out.empty()) std::abort();
    return;
  }
  // What was built is a message of the method's type.
  Buffer json;
  if (!WireToJson(*match.route->method->request, out.view(), json).ok()) std::abort();
}

}  // namespace
}  // namespace simpul::transcode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  simpul::transcode::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
