// Which services, topics and authorities are whose: read from the certificate, never from a claim.
#ifndef SIMPUL_SERVICES_CATALOGUE_OWNERSHIP_H_
#define SIMPUL_SERVICES_CATALOGUE_OWNERSHIP_H_

#include <string_view>

#include "absl/status/status.h"
#include "bus/rpc/identity.h"
#include "services/catalogue/contract.h"

namespace simpul::catalogue::v1 {
class Part;
}

namespace simpul::catalogue {

// Whether `text` may name an agency, a department or an application: `[a-z][a-z0-9-]*`, at most 63
// characters.
bool IsName(std::string_view text);

// Whether `identity` may register what `part` lists, `contract` being its contract:
// - service/<x>: services and event topics of the package simpul.<x>.v<n>;
// - adapter/<department>: services of simpul.dept.<department>.…, internal services of any domain
// whose
//   name ends in SourceService, topics simpul.source.<department>.<app>.<noun>, authorities
//   <app>.<department>;
// - gateway: itself alone.
// PERMISSION_DENIED: something is not its own. INVALID_ARGUMENT: a service is not in the contract.
absl::Status MayRegister(const rpc::Identity& identity, const v1::Part& part,
                         const Contract& contract);

}  // namespace simpul::catalogue

#endif  // SIMPUL_SERVICES_CATALOGUE_OWNERSHIP_H_
