#pragma once

#include "events/query.hpp"
#include "http/pieces.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gensetd::http {

inline constexpr std::size_t events_in_answer_max = 1'000;

// What GET /api/events asks for. Throws BadQuery.
events::Query event_query(std::string_view query);

// Whether the client would rather have CSV than JSON.
bool wants_csv(std::string_view accept);

// One page of the journal; the limit of its query was one more, so that it is known whether there is a next.
BodyPieces pieces_of_events(std::vector<events::Event> events, std::size_t limit, reading::Timestamp now);

// With the texts in both languages. A cell that a spreadsheet would take for a formula begins with '.
BodyPieces pieces_of_csv(std::vector<events::Event> events, std::size_t limit);

std::string print_event_codes();

}  // namespace gensetd::http
