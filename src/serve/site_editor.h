#pragma once

#include <functional>
#include <string>
#include <variant>

namespace ocelli::serve {

/// What somebody wants to know of the running site, or change in it and in its file.
struct SiteEdit {
  struct Look {};    ///< what it goes by now
  struct Reload {};  ///< read the file again
  struct Replace {   ///< the whole file
    std::string yaml;
  };
  struct SetCamera {
    enum class When { always, is_absent, is_present };
    std::string name;
    std::string json;  ///< as the configuration has it under `cameras`
    When when = When::always;
  };
  struct RemoveCamera {
    std::string name;
  };

  std::variant<Look, Reload, Replace, SetCamera, RemoveCamera> what{};
  bool is_trial = false;  ///< only say what would change
  std::string etag{};     ///< of the file that the editor has seen; empty: whichever it is
};

/// How that ended. Then all of it was done, or nothing.
struct EditAnswer {
  enum class Outcome {
    done,       ///< `text` is JSON, for the others one line for a person
    invalid,    ///< that would be no configuration
    not_found,  ///< there is no such camera
    conflict,   ///< there is one already, or the file is written so that it cannot be edited
    stale,      ///< the file is another one by now
    busy,       ///< too many edits wait, or this server ends
    failed,     ///< it could not be carried out, or the file not written
  };
  Outcome outcome = Outcome::failed;
  std::string text;
  std::string etag{};  ///< of the file as it is now
};

/// Changes a running site: cameras that an edit does not concern go on without missing a frame. Thread-safe.
class SiteEditor {
 public:
  using Done = std::function<void(const EditAnswer&)>;

  virtual ~SiteEditor() = default;

  /// Never blocks. Calls `done` exactly once, from any thread, perhaps before it returns. JSON of Look:
  /// {"file":…,"settings":[{"key":…,"value":…}]}, addresses without secrets; of the others as config::change_json(),
  /// and "applied".
  virtual void submit(SiteEdit edit, Done done) = 0;
};

}  // namespace ocelli::serve
