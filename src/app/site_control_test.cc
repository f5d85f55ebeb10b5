#include "app/site_control.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/mutex.h"

namespace ocelli::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using serve::EditAnswer;
using serve::SiteEdit;
using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = EditAnswer::Outcome;
using When = SiteEdit::SetCamera::When;

constexpr const char* kSite = "# mine\ncameras:\n  gate:\n    url: rtsp://user:secret@c/1\n  yard:\n    url: b.mp4\n";

base::Result<config::SiteConfig> load(const std::string& yaml) {
  std::vector<base::YamlProblem> problems;
  auto site = config::load_site_config(yaml, "site.yaml", {}, problems);
  if (!problems.empty()) return base::yaml_error(problems);
  return site;
}

/// A site that is nothing but its configuration; a camera whose address is "broken" cannot be started.
class SiteControlTest : public ::testing::Test {
 protected:
  SiteControlTest() {
    std::string pattern = (fs::temp_directory_path() / "ocelli-control-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    file_ = folder_ / "site.yaml";
    write(kSite);
    running_ = *load(kSite);
    control_.emplace(file_, load, clock_, 20ms);
  }
  ~SiteControlTest() override {
    runner_ = {};
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void run() {
    runner_ = std::jthread(
        [this](const std::stop_token& stop) { control_->run(target_, base::Logger::null(), metrics_, stop); });
  }
  EditAnswer ask(SiteEdit edit) {
    std::promise<EditAnswer> answer;
    control_->submit(std::move(edit), [&](const EditAnswer& given) { answer.set_value(given); });
    return answer.get_future().get();
  }
  EditAnswer set(const std::string& name, const std::string& json, When when = When::always) {
    return ask({SiteEdit::SetCamera{name, json, when}});
  }

  void write(const std::string& text) const { std::ofstream(file_, std::ios::binary) << text; }
  std::string text() const {
    std::ifstream stream(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> cameras() {
    const base::MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& camera : running_.cameras) names.push_back(camera.name);
    return names;
  }
  std::string trouble() {
    const base::MutexLock lock(mutex_);
    return trouble_;
  }
  template <class Predicate>
  bool comes_true(Predicate predicate) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < end) {
      if (predicate()) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }

  fs::path folder_;
  std::string file_;
  base::SystemClock clock_;
  base::Metrics metrics_;
  base::Mutex mutex_;
  config::SiteConfig running_ OC_GUARDED_BY(mutex_);
  std::string trouble_ OC_GUARDED_BY(mutex_);
  SiteControl::Target target_{[this] {
                                const base::MutexLock lock(mutex_);
                                return running_;
                              },
                              [this](const config::SiteConfig& wanted) -> base::Status {
                                for (const auto& camera : wanted.cameras) {
                                  if (camera.source.url == "broken")
                                    return base::Error(base::Code::internal, "it does not start");
                                }
                                const base::MutexLock lock(mutex_);
                                running_ = wanted;
                                return {};
                              },
                              [this](const std::optional<std::string>& reason) {
                                const base::MutexLock lock(mutex_);
                                trouble_ = reason.value_or("");
                              }};
  std::optional<SiteControl> control_;
  std::jthread runner_;
};

TEST_F(SiteControlTest, AddsACameraToTheSiteAndToItsFile) {
  run();
  const auto answer = set("dock", R"({"url": "c.mp4"})", When::is_absent);
  ASSERT_EQ(answer.outcome, Outcome::done) << answer.text;
  const auto json = nlohmann::json::parse(answer.text);
  EXPECT_EQ(json["applied"], true);
  EXPECT_EQ(json["cameras"][0]["name"], "dock");
  EXPECT_EQ(cameras(), (std::vector<std::string>{"gate", "yard", "dock"}));
  EXPECT_EQ(text(), std::string(kSite) + "  dock:\n    url: \"c.mp4\"\n");
  EXPECT_EQ(set("dock", R"({"url": "c.mp4"})", When::is_absent).outcome, Outcome::conflict);
}

TEST_F(SiteControlTest, RemovesACamera) {
  run();
  EXPECT_EQ(ask({SiteEdit::RemoveCamera{"gate"}}).outcome, Outcome::done);
  EXPECT_EQ(cameras(), std::vector<std::string>{"yard"});
  EXPECT_EQ(text(), "# mine\ncameras:\n  yard:\n    url: b.mp4\n");
  EXPECT_EQ(ask({SiteEdit::RemoveCamera{"gate"}}).outcome, Outcome::not_found);
}

TEST_F(SiteControlTest, TriesWithoutDoing) {
  run();
  SiteEdit edit{SiteEdit::Replace{"cameras: {yard: {url: b.mp4, fps: 3}}"}, true};
  const auto answer = ask(edit);
  ASSERT_EQ(answer.outcome, Outcome::done);
  const auto json = nlohmann::json::parse(answer.text);
  EXPECT_EQ(json["applied"], false);
  EXPECT_EQ(json["cameras"].size(), 2U);
  EXPECT_EQ(text(), kSite);
  EXPECT_EQ(cameras().size(), 2U);
}

TEST_F(SiteControlTest, DoesAllOrNothing) {
  run();
  const auto answer = ask({SiteEdit::Replace{"cameras: {dock: {url: c.mp4}, hall: {url: broken}}"}});
  EXPECT_EQ(answer.outcome, Outcome::failed);
  EXPECT_THAT(answer.text, HasSubstr("does not start"));
  EXPECT_EQ(text(), kSite);
  EXPECT_EQ(cameras(), (std::vector<std::string>{"gate", "yard"}));
  EXPECT_EQ(ask({SiteEdit::Replace{"cameras: {dock: {ulr: c.mp4}}"}}).outcome, Outcome::invalid);
  EXPECT_EQ(text(), kSite);
}

TEST_F(SiteControlTest, UndoesWhatCannotBeWritten) {
  run();
  fs::create_directory(file_ + ".part");  // where the new text would lie until it is whole
  const auto answer = set("dock", R"({"url": "c.mp4"})");
  EXPECT_EQ(answer.outcome, Outcome::failed);
  EXPECT_EQ(text(), kSite);
  EXPECT_EQ(cameras(), (std::vector<std::string>{"gate", "yard"}));
}

TEST_F(SiteControlTest, RefusesAnEditOfAFileThatIsAnotherByNow) {
  run();
  const std::string etag = ask({SiteEdit::Look{}}).etag;
  EXPECT_FALSE(etag.empty());
  SiteEdit edit{SiteEdit::RemoveCamera{"gate"}, false, etag};
  EXPECT_EQ(ask(edit).outcome, Outcome::done);
  const auto again = ask(edit);
  EXPECT_EQ(again.outcome, Outcome::stale);
  EXPECT_NE(again.etag, etag);
}

TEST_F(SiteControlTest, ShowsTheSettingsWithoutSecrets) {
  run();
  const auto answer = ask({SiteEdit::Look{}});
  EXPECT_THAT(answer.text, HasSubstr("cameras.gate.url"));
  EXPECT_THAT(answer.text, HasSubstr("server.port"));
  EXPECT_THAT(answer.text, Not(HasSubstr("secret")));
}

TEST_F(SiteControlTest, FollowsTheFile) {
  run();
  write("cameras: {hall: {url: c.mp4}}");
  EXPECT_TRUE(comes_true([&] { return cameras() == std::vector<std::string>{"hall"}; }));
  EXPECT_EQ(trouble(), "");
}

TEST_F(SiteControlTest, GoesOnWhenTheFileBreaks) {
  run();
  write("cameras: {hall: {ulr: c.mp4}}");
  EXPECT_TRUE(comes_true([&] { return !trouble().empty(); }));
  EXPECT_THAT(trouble(), HasSubstr("did you mean 'url'?"));
  EXPECT_EQ(cameras().size(), 2U);
  write(kSite);
  EXPECT_TRUE(comes_true([&] { return trouble().empty(); }));
  fs::remove(file_);
  EXPECT_TRUE(comes_true([&] { return !trouble().empty(); }));
  EXPECT_THAT(trouble(), HasSubstr("is gone"));
  EXPECT_EQ(cameras().size(), 2U);
}

TEST_F(SiteControlTest, ReadsTheFileAgainWhenAsked) {
  write("cameras: {hall: {url: c.mp4}}");  // before it runs, so that no look finds a difference
  control_->reload();
  run();
  EXPECT_TRUE(comes_true([&] { return cameras() == std::vector<std::string>{"hall"}; }));
}

TEST_F(SiteControlTest, KeepsWhatTheFileSaidBefore) {
  run();
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(set("dock", "{\"url\": \"" + std::to_string(i) + ".mp4\"}").outcome, Outcome::done);
  std::vector<std::string> kept;
  for (const auto& entry : fs::directory_iterator(file_ + ".history")) {
    std::ifstream stream(entry.path());
    kept.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  EXPECT_THAT(kept, ::testing::Contains(kSite));
  EXPECT_EQ(fs::status(file_ + ".history").permissions(), fs::perms::owner_all);
}

TEST_F(SiteControlTest, KeepsTheFilesPermissionsAndLinks) {
  fs::permissions(file_, fs::perms::owner_read | fs::perms::owner_write);
  fs::rename(file_, folder_ / "real.yaml");
  fs::create_symlink("real.yaml", file_);
  run();
  ASSERT_EQ(set("dock", R"({"url": "c.mp4"})").outcome, Outcome::done);
  EXPECT_TRUE(fs::is_symlink(file_));
  EXPECT_EQ(fs::status(folder_ / "real.yaml").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(text(), HasSubstr("dock"));
}

TEST_F(SiteControlTest, TellsThoseWhoWaitThatItEnds) {
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i <= SiteControl::kMostEdits; ++i) {
    control_->submit({SiteEdit::Look{}}, [&](const EditAnswer& answer) { outcomes.push_back(answer.outcome); });
  }
  EXPECT_EQ(outcomes, std::vector<Outcome>{Outcome::busy}) << "no more than so many wait";
  std::stop_source stop;
  stop.request_stop();
  control_->run(target_, base::Logger::null(), metrics_, stop.get_token());
  EXPECT_EQ(outcomes.size(), SiteControl::kMostEdits + 1);
  EXPECT_EQ(ask({SiteEdit::Look{}}).outcome, Outcome::busy);
}

}  // namespace
}  // namespace ocelli::app
