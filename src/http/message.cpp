#include "http/message.hpp"

#include "reading/reading.hpp"

namespace gensetd::http {

Answer answer_in_pieces(BodyPieces pieces) {
  Answer answer;
  const bool goes_on = pieces(answer.body);
  if (goes_on) answer.rest = std::move(pieces);
  return answer;
}

Answer error_answer(unsigned status, std::string_view code, std::string_view message,
                    std::string_view field) {
  Answer answer{.status = status, .body = R"({"error":{"code":)"};
  reading::append_json_string(answer.body, code);
  answer.body += R"(,"message":)";
  reading::append_json_string(answer.body, message);
  answer.body += R"(,"field":)";
  if (field.empty()) {
    answer.body += "null";
  } else {
    reading::append_json_string(answer.body, field);
  }
  answer.body += "}}";
  return answer;
}

}  // namespace gensetd::http
