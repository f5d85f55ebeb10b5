#include "app/completion.h"

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"

namespace ocelli::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class Completion : public testing::Test {
 protected:
  Completion() {
    auto* analyze = app_.add_subcommand("analyze", "Look at files: it's 100 % done");
    analyze->add_option("-o,--output", text_, "Folder");
    analyze->add_option("--format", text_, "Form")->check(CLI::IsMember({"jsonl", "mot", "coco"}));
    analyze->add_flag("--annotate", flag_, "Draw");
    analyze->add_option("--secret", text_, "Hidden")->group("");
    analyze->add_option("INPUT", texts_, "Files");
    auto* models = app_.add_subcommand("models", "Models");
    models->add_subcommand("list", "All");
    models->add_subcommand("pull", "Get")->add_option("--from", text_, "Folder");
    app_.add_subcommand("internal", "Hidden")->group("");
    app_.add_subcommand("completion", "Script")
        ->add_option("SHELL", text_)
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  /// What a real bash offers for the last of these words.
  std::vector<std::string> offered(const std::vector<std::string>& words) {
    const std::string test = fmt::format(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={}; _ocelli; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        completion_script(app_, Shell::bash), fmt::format("'{}'", fmt::join(words, "' '")), words.size() - 1);
    const auto result = base::run_subprocess({.arguments = {"bash", "--norc", "--noprofile", "-u", "-c", test}}, {});
    if (!result) return {result.error().message()};
    if (result->exit_code != 0) return {"bash failed: " + result->output};
    std::vector<std::string> lines = CLI::detail::split(result->output, '\n');
    std::erase(lines, "");
    return lines;
  }

  /// Whether `shell` can read its script; true where the shell is not installed.
  bool readable(const std::string& shell_name, Shell shell) {
    const auto result =
        base::run_subprocess({.arguments = {shell_name, "-n", "-c", completion_script(app_, shell)}}, {});
    if (!result) return result.error().code() == base::Code::not_found;
    EXPECT_EQ(result->exit_code, 0) << result->output;
    return result->exit_code == 0;
  }

  CLI::App app_{"Video analytics", "ocelli"};
  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
};

TEST_F(Completion, OffersCommandsAndNoHiddenOnes) {
  EXPECT_THAT(offered({"ocelli", ""}), UnorderedElementsAre("analyze", "models", "completion"));
  EXPECT_THAT(offered({"ocelli", "mo"}), UnorderedElementsAre("models"));
  EXPECT_THAT(offered({"ocelli", "models", ""}), UnorderedElementsAre("list", "pull"));
}

TEST_F(Completion, OffersOptionsOfTheCommandThatIsTyped) {
  EXPECT_THAT(offered({"ocelli", "analyze", "--"}),
              UnorderedElementsAre("--help", "--output", "--format", "--annotate"));
  EXPECT_THAT(offered({"ocelli", "models", "pull", "--f"}), UnorderedElementsAre("--from"));
  EXPECT_THAT(offered({"ocelli", "analyze", "a.mp4", "--annotate", "--fo"}), UnorderedElementsAre("--format"));
}

TEST_F(Completion, OffersFixedValues) {
  EXPECT_THAT(offered({"ocelli", "analyze", "--format", ""}), UnorderedElementsAre("jsonl", "mot", "coco"));
  EXPECT_THAT(offered({"ocelli", "analyze", "--format", "m"}), UnorderedElementsAre("mot"));
  EXPECT_THAT(offered({"ocelli", "completion", "z"}), UnorderedElementsAre("zsh"));
}

TEST_F(Completion, LeavesFilesToTheShell) {
  EXPECT_THAT(offered({"ocelli", "analyze", ""}), IsEmpty());
  EXPECT_THAT(offered({"ocelli", "analyze", "-o", ""}), IsEmpty());
}

TEST_F(Completion, IsReadableForEveryShell) {
  EXPECT_TRUE(readable("bash", Shell::bash));
  EXPECT_TRUE(readable("zsh", Shell::zsh));
  EXPECT_TRUE(readable("fish", Shell::fish));
}

TEST_F(Completion, TellsMeaningsWhereTheShellShowsThem) {
  EXPECT_THAT(completion_script(app_, Shell::zsh), HasSubstr("'analyze:Look at files\\: it'\\''s 100 % done'"));
  EXPECT_THAT(completion_script(app_, Shell::fish), HasSubstr("-a 'analyze' -d 'Look at files: it\\'s 100 % done'"));
  EXPECT_THAT(completion_script(app_, Shell::fish), HasSubstr("-l format -r -f -a 'jsonl mot coco' -d 'Form'"));
  EXPECT_THAT(completion_script(app_, Shell::fish), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace ocelli::app
