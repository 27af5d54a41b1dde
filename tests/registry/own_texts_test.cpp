#include "registry/alarm_notes.hpp"
#include "registry/device_inputs.hpp"
#include "registry/validation.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include <string>
#include <utility>

// What people of a site write: labels of digital inputs, and notes on alarms.
namespace gensetd::registry {
namespace {

const ProfileNames profiles{"hgm9520n", "hgm9560"};

std::string inputs_refused(const std::string& inputs) {
  const auto made = new_device(
      boost::json::parse(
          R"({"site_id":1,"name":"G","device_type":"generator","ip_address":"10.0.0.1","inputs":)" + inputs +
          "}")
          .as_object(),
      profiles);
  const auto* refusal = std::get_if<Refusal>(&made);
  if (refusal == nullptr) return {};
  EXPECT_EQ(refusal->field, "inputs");
  EXPECT_EQ(refusal->code, "invalid_value");
  return refusal->message;
}

std::string notes_refused(const boost::json::value& notes) {
  const boost::json::object body{{"name", "S"}, {"code", "S"}, {"alarm_notes", notes}};
  const auto made = new_site(body);
  const auto* refusal = std::get_if<Refusal>(&made);
  if (refusal == nullptr) return {};
  EXPECT_EQ(refusal->field, "alarm_notes");
  return refusal->message;
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int number = 0; number < count; ++number) all += text;
  return all;
}

TEST(DeviceInputs, the_exact_form_is_accepted) {
  for (const std::string good :
       {"null", "{}", R"({"1":{"en":"Oil tank empty","ru":"Масляный бак пуст"}})",
        R"({"32":{"en":"x","ru":"y","kind":"spare"},"7":{"en":"x","ru":"y","kind":"status"}})"})
    EXPECT_EQ(inputs_refused(good), "") << good;
  EXPECT_EQ(inputs_refused(R"({"1":{"en":"x","ru":")" + repeated("я", 100) + R"("}})"), "");
}

TEST(DeviceInputs, each_mistake_is_named_with_what_is_allowed) {
  const std::pair<std::string, std::string> mistakes[] = {
      {"5", "it is no object"},
      {"[]", "it is no object"},
      {R"({"0":{"en":"x","ru":"y"}})", "'0' is not the number of an input"},
      {R"({"33":{"en":"x","ru":"y"}})", "'33' is not the number of an input"},
      {R"({"01":{"en":"x","ru":"y"}})", "'01' is not the number of an input"},
      {R"({"x":{"en":"x","ru":"y"}})", "'x' is not the number of an input"},
      {R"({"":{"en":"x","ru":"y"}})", "'' is not the number of an input"},
      {R"({"2":"Oil"})", "input 2 is no object"},
      {R"({"2":{"en":"x"}})", "input 2 has no 'ru'"},
      {R"({"2":{"ru":"x"}})", "input 2 has no 'en'"},
      {R"({"2":{"en":"","ru":"y"}})", "input 2 has 'en' that is not a text of 1 to 100 characters"},
      {R"({"2":{"en":5,"ru":"y"}})", "input 2 has 'en' that is not a text"},
      {R"({"2":{"en":"x","ru":")" + repeated("я", 101) + R"("}})",
       "input 2 has 'ru' that is not a text of 1 to 100 characters"},
      {R"({"2":{"en":"a\nb","ru":"y"}})", "input 2 has 'en' that is not a text on one line"},
      {R"({"2":{"en":"x","ru":"y","kind":"alarms"}})", "input 2 has the kind 'alarms'"},
      {R"({"2":{"en":"x","ru":"y","kind":null}})", "input 2 has the kind of another type"},
      {R"({"2":{"en":"x","ru":"y","priority":1}})", "input 2 contains 'priority'"}};
  for (const auto& [inputs, mistake] : mistakes) {
    const std::string refused = inputs_refused(inputs);
    EXPECT_TRUE(refused.starts_with(R"(inputs must be null, or {"INPUT":)")) << refused;
    EXPECT_NE(refused.find("INPUT 1 to 32, both texts of 1 to 100"), std::string::npos) << refused;
    EXPECT_NE(refused.find("KIND alarm (the default), status or spare; " + mistake), std::string::npos)
        << refused;
  }
}

TEST(DeviceInputs, are_printed_in_the_order_of_their_numbers_with_the_kind) {
  std::string allowed;
  const auto inputs = parse_inputs(
      boost::json::parse(R"({"10":{"ru":"б","en":"b \"q\"","kind":"spare"},"2":{"en":"a","ru":"а"}})"),
      allowed);
  const std::string printed =
      R"({"2":{"en":"a","ru":"а","kind":"alarm"},"10":{"en":"b \"q\"","ru":"б","kind":"spare"}})";
  EXPECT_EQ(print_inputs(*inputs), printed);
  EXPECT_EQ(parse_inputs(boost::json::parse(printed), allowed), inputs);
  EXPECT_EQ(print_inputs({}), "{}");
}

TEST(AlarmNotes, codes_of_alarms_and_of_the_catalogue_are_accepted) {
  EXPECT_EQ(notes_refused(nullptr), "");
  EXPECT_EQ(notes_refused(boost::json::object{}), "");
  EXPECT_EQ(
      notes_refused({{"alarm:shutdown.low_oil_pressure", "Call Anna\n+7 000"}, {"site_offline", "Router"}}),
      "");
  boost::json::object most;
  for (int number = 0; number < 200; ++number)
    most["alarm:a.b" + std::to_string(number)] = repeated("я", 500);
  EXPECT_EQ(notes_refused(most), "");
}

TEST(AlarmNotes, each_mistake_is_named_with_what_is_allowed) {
  boost::json::object many;
  for (int number = 0; number < 201; ++number) many["alarm:a.b" + std::to_string(number)] = "x";
  const std::pair<boost::json::value, std::string> mistakes[] = {
      {5, "it is no object"},
      {boost::json::array{"x"}, "it is no object"},
      {many, "it has 201 notes"},
      {{{"alarm:", "x"}}, "'alarm:' is not the code of an event"},
      {{{"alarm:A.b", "x"}}, "'alarm:A.b' is not the code of an event"},
      {{{"alarm:a b", "x"}}, "'alarm:a b' is not the code of an event"},
      {{{"alarm:" + repeated("a", 195), "x"}}, "is not the code of an event"},
      {{{"shutdown.low_oil_pressure", "x"}}, "'shutdown.low_oil_pressure' is not the code of an event"},
      {{{"", "x"}}, "'' is not the code of an event"},
      {{{"site_offline", 5}}, "the note on 'site_offline' is not a text"},
      {{{"site_offline", ""}}, "the note on 'site_offline' is not a text of 1 to 500 characters"},
      {{{"site_offline", repeated("я", 501)}},
       "the note on 'site_offline' is not a text of 1 to 500 characters"},
      {{{"site_offline", "a\x01"}}, "the note on 'site_offline' is not a text without control characters"}};
  for (const auto& [notes, mistake] : mistakes) {
    const std::string refused = notes_refused(notes);
    EXPECT_TRUE(refused.starts_with(R"(alarm_notes must be null, or {"CODE":TEXT,…} with at most 200 notes)"))
        << refused;
    EXPECT_NE(refused.find(mistake), std::string::npos) << refused << "\n" << mistake;
  }
}

TEST(AlarmNotes, are_printed_as_they_are_read) {
  const std::string notes = R"({"alarm:a.b":"Call \"Anna\"\n","site_offline":"Роутер"})";
  std::string allowed;
  EXPECT_EQ(print_alarm_notes(*parse_alarm_notes(boost::json::parse(notes), allowed)), notes);
  EXPECT_EQ(print_alarm_notes({}), "{}");
}

}  // namespace
}  // namespace gensetd::registry
