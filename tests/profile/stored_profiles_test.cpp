#include "profile/stored_profiles.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gensetd::profile {
namespace {

std::string file(const std::string& name, const std::string& extends, const std::string& more = "") {
  return "name = \"" + name + "\"\nextends = \"" + extends + "\"\n" + more;
}

const std::string other_unit = "fields = [{ name = \"fuel_pressure\", unit = \"bar\" }]\n";

TEST(StoredProfiles, are_added_behind_the_profile_that_they_extend) {
  const StoredProfiles stored = with_stored(
      Catalog::built_in(), {{"a", file("a", "b")}, {"b", file("b", "c")}, {"c", file("c", "hgm9520n")}}, {});
  EXPECT_TRUE(stored.unusable.empty());
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(stored.catalog.find(name)) << name;
    EXPECT_EQ(stored.catalog.origin_of(name), Origin::database);
  }
  EXPECT_EQ(stored.catalog.origin_of("hgm9520n"), Origin::built_in);
  EXPECT_EQ(stored.catalog.all().size(), Catalog::built_in().all().size() + 3);
}

TEST(StoredProfiles, a_file_that_cannot_be_used_is_left_out_with_its_reason) {
  const StoredProfiles stored = with_stored(Catalog::built_in(),
                                            {{"bad", "name = \"bad\"\n"},
                                             {"child", file("child", "bad")},
                                             {"good", file("good", "hgm9520n")},
                                             {"hgm9560", file("hgm9560", "hgm9520n")},
                                             {"lost", file("lost", "nobody")},
                                             {"ring_1", file("ring_1", "ring_2")},
                                             {"ring_2", file("ring_2", "ring_1")},
                                             {"self", file("self", "self")},
                                             {"toml", "["},
                                             {"wrong", file("other", "hgm9520n")}},
                                            {});
  EXPECT_TRUE(stored.catalog.find("good"));
  const auto problem = [&](const char* name) { return stored.unusable.at(name); };
  EXPECT_EQ(problem("bad").find("bad:1: a profile has no title: needed is"), 0U) << problem("bad");
  EXPECT_EQ(
      problem("child").find("child:2: extends = \"bad\": there is no such profile: must be one of good, "),
      0U)
      << problem("child");
  EXPECT_EQ(problem("hgm9560"),
            "profile hgm9560 is built in, or in a file of PROFILES, which is used instead");
  EXPECT_NE(problem("lost").find("there is no such profile"), std::string::npos);
  EXPECT_NE(problem("ring_1").find("ring_1:2: profile ring_1 extends ring_2, which leads back"),
            std::string::npos)
      << problem("ring_1");
  EXPECT_TRUE(stored.unusable.contains("ring_2"));
  EXPECT_NE(problem("self").find("extends itself"), std::string::npos);
  EXPECT_EQ(problem("toml").find("toml:1: not TOML"), 0U) << problem("toml");
  EXPECT_EQ(problem("wrong"),
            "wrong:1: name = \"other\": must be the name under which the profile is stored, \"wrong\"");
  EXPECT_EQ(stored.unusable.size(), 9U);
  EXPECT_EQ(stored.catalog.find("hgm9560"), Catalog::built_in().find("hgm9560"));
}

TEST(StoredProfiles, a_profile_that_has_not_changed_stays_the_same_object) {
  const ProfileTexts texts{{"a", file("a", "b")}, {"b", file("b", "hgm9520n")}, {"c", file("c", "hgm9560")}};
  const StoredProfiles before = with_stored(Catalog::built_in(), texts, {});
  ProfileTexts changed = texts;
  changed["b"] += other_unit;
  const StoredProfiles after = with_stored(Catalog::built_in(), changed, before);
  EXPECT_TRUE(after.unusable.empty());
  EXPECT_EQ(after.catalog.find("c"), before.catalog.find("c"));
  EXPECT_NE(after.catalog.find("b"), before.catalog.find("b"));
  EXPECT_NE(after.catalog.find("a"), before.catalog.find("a"));  // it extends b
  const StoredProfiles again = with_stored(Catalog::built_in(), changed, after);
  for (const char* name : {"a", "b", "c"})
    EXPECT_EQ(again.catalog.find(name), after.catalog.find(name)) << name;
}

}  // namespace
}  // namespace gensetd::profile
