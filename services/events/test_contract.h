// A contract of the tests' own: event types with a personal field, known to nobody else.
#ifndef SIMPUL_SERVICES_EVENTS_TEST_CONTRACT_H_
#define SIMPUL_SERVICES_EVENTS_TEST_CONTRACT_H_

#include <string>
#include <vector>

namespace simpul::events {

// A protoset with these messages in `package`, each of `string note = 1;` and the personal
// `string who = 2;`.
std::string TestProtoset(const std::string& package, const std::vector<std::string>& messages);

// Its data.
std::string TestData(const std::string& note, const std::string& who);

}  // namespace simpul::events

#endif  // SIMPUL_SERVICES_EVENTS_TEST_CONTRACT_H_
