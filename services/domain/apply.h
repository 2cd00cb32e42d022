// How an adapter's event is applied to the row of its resource, whatever the domain.
#ifndef SIMPUL_SERVICES_DOMAIN_APPLY_H_
#define SIMPUL_SERVICES_DOMAIN_APPLY_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bus/kafka/consumer.h"
#include "services/domain/source_event.h"
#include "simpul/type/v1/change.pb.h"

namespace simpul::domain {

// Whether the record says that it holds an Event. Another domain may have a noun of the same name.
template <class Event>
bool Holds(const kafka::Record& record) {
  return record.event.type == Event::descriptor()->full_name();
}

// Applies the Event in a record if it is newer than its resource's row:
//   load(name) -> StatusOr<Row>, whose row derives from RowHead;
//   put(row, resource, cause) and remove(row, cause) -> StatusOr<Outcome>: what becomes of it.
// INVALID_ARGUMENT: it is no such event, or not its adapter's to tell.
template <class Event, class Resource, class Load, class Put, class Remove>
absl::StatusOr<kafka::Outcome> ApplyEvent(const kafka::Record& record,
                                          const Resource& (Event::*resource_of)() const,
                                          std::string_view collection, Load load, Put put,
                                          Remove remove) {
  Event event;
  if (!event.ParseFromString(record.event.data)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the data is no ", Event::descriptor()->full_name()));
  }
  const Resource& resource = (event.*resource_of)();
  const auto cause =
      CheckOrigin(record, resource.name(), collection, event.revision(), event.observe_time());
  if (!cause.ok()) return cause.status();
  auto row = load(resource.name());
  if (!row.ok()) return row.status();
  if (row->IsStored() && event.revision() <= row->source_revision) {
    return kafka::Outcome::kDuplicate;
  }
  row->department = cause->origin.department;
  row->source_revision = event.revision();
  switch (event.change()) {
    case simpul::type::v1::CREATED:
    case simpul::type::v1::UPDATED:
      return put(*std::move(row), resource, *cause);
    case simpul::type::v1::DELETED:
      return remove(*std::move(row), *cause);
    default:
      return absl::InvalidArgumentError("change is not CREATED, UPDATED or DELETED");
  }
}

}  // namespace simpul::domain

#endif  // SIMPUL_SERVICES_DOMAIN_APPLY_H_
