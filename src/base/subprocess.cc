#include "base/subprocess.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/check.h"

namespace ocelli::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A stop request, and the end of a program whose children hold the pipe open, are noticed this late at most.
constexpr milliseconds kLookInterval{50};
constexpr milliseconds kGraceBeforeKill{2000};

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int number() const { return number_; }
  void reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

class SpawnSetup {
 public:
  explicit SpawnSetup(int output) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);

    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGXFSZ}) sigaddset(&defaults, number);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  int spawn(pid_t& process, const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    return posix_spawnp(&process, pointers.front(), &actions_, &attributes_, pointers.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A running process group. Until it is reaped its leader's number cannot be given to anybody else, so killing is safe.
class ProcessGroup {
 public:
  explicit ProcessGroup(pid_t leader) : leader_(leader) {}
  ~ProcessGroup() {
    if (!reaped_) reap();
  }
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  void signal(int number) const { ::kill(-leader_, number); }

  bool ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(leader_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
  }

  /// Kills what is left of the group and returns the leader's exit code.
  int reap() {
    signal(SIGKILL);
    int status = 0;
    while (::waitpid(leader_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t leader_;
  bool reaped_ = false;
};

// Reads what is there now. False at the end of the pipe.
bool drain(int pipe, std::string& output, std::size_t max_bytes) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > max_bytes) output.erase(0, output.size() - max_bytes);
  }
}

Error spawn_error(const std::string& program, int number) {
  if (number == ENOENT) return Error(Code::not_found, fmt::format("cannot find the program '{}'", program));
  const auto code = number == EAGAIN || number == ENOMEM ? Code::exhausted : Code::unavailable;
  return Error(code, fmt::format("cannot run '{}': {}", program, std::strerror(number)));
}

enum class Ending { by_itself, stopped, out_of_time };

// Follows the program until it ends, or makes it end.
Ending follow(const ProcessGroup& group, FileDescriptor& pipe, const SubprocessConfig& config, std::string& output,
              const std::stop_token& stop) {
  const auto begin = steady_clock::now();
  Ending ending = Ending::by_itself;
  steady_clock::time_point kill_time;
  while (!group.ended()) {
    pollfd ready{pipe.number(), POLLIN, 0};  // poll() ignores a closed (negative) descriptor and just waits
    ::poll(&ready, 1, static_cast<int>(kLookInterval.count()));
    if (pipe.number() >= 0 && !drain(pipe.number(), output, config.max_output_bytes)) pipe.reset();
    const auto now = steady_clock::now();
    const bool late = config.time_limit && now - begin > *config.time_limit;
    if (ending == Ending::by_itself && (late || stop.stop_requested())) {
      ending = stop.stop_requested() ? Ending::stopped : Ending::out_of_time;
      kill_time = now + kGraceBeforeKill;
      group.signal(SIGTERM);
    }
    if (ending != Ending::by_itself && now >= kill_time) group.signal(SIGKILL);
  }
  if (pipe.number() >= 0) drain(pipe.number(), output, config.max_output_bytes);
  return ending;
}

}  // namespace

Result<SubprocessResult> run_subprocess(const SubprocessConfig& config, std::stop_token stop) {
  OC_CHECK(!config.arguments.empty());
  const std::string& program = config.arguments.front();
  if (stop.stop_requested()) return Error(Code::cancelled, fmt::format("'{}' was not started: stopped", program));

  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return spawn_error(program, errno);
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  ::fcntl(read_end.number(), F_SETFL, O_NONBLOCK);

  pid_t process = 0;
  if (const int number = SpawnSetup(write_end.number()).spawn(process, config.arguments); number != 0) {
    return spawn_error(program, number);
  }
  ProcessGroup group(process);
  write_end.reset();

  SubprocessResult result;
  const Ending ending = follow(group, read_end, config, result.output, stop);
  result.exit_code = group.reap();
  if (ending == Ending::stopped) return Error(Code::cancelled, fmt::format("'{}' was stopped", program));
  if (ending == Ending::out_of_time) {
    return Error(Code::unavailable, fmt::format("'{}' took longer than {} s", program, config.time_limit->count()));
  }
  return result;
}

}  // namespace ocelli::base
