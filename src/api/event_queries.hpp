#pragma once

#include "events/query.hpp"
#include "text/pieces.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gensetd::api {

inline constexpr std::size_t events_per_response_max = 1'000;

// The query of GET /api/events. Throws BadQuery.
events::EventQuery event_query(std::string_view query);

// Whether an Accept header prefers CSV to JSON.
bool wants_csv(std::string_view accept);

// One page of the journal. `events` was read with a limit of one more, which shows whether there is a next
// page.
text::Pieces pieces_of_events(std::vector<events::Event> events, std::size_t limit, reading::Timestamp now);

// Includes the texts in both languages. A cell that a spreadsheet would evaluate as a formula begins with '.
text::Pieces pieces_of_csv(std::vector<events::Event> events, std::size_t limit);

std::string print_event_codes();

}  // namespace gensetd::api
