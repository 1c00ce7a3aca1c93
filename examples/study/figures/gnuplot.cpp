#include "study/figures/gnuplot.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <lamina/core/error.hpp>

#include "study/text/text.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace study {

namespace {

namespace fs = std::filesystem;

/// A pipe of which a child process gets the end for writing.
class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_CLOEXEC) != 0) {
      throw lamina::Error("gnuplot: no pipe: " + std::generic_category().message(errno));
    }
  }
  ~Pipe() {
    close_writer();
    close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int writer() const { return ends_[1]; }

  /// All that is written until the last writer closes its end.
  [[nodiscard]] std::string read_all() {
    close_writer();
    std::string text;
    std::array<char, 4096> block{};
    for (;;) {
      const ssize_t count = read(ends_[0], block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return text;
      text.append(block.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  void close_writer() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }

  std::array<int, 2> ends_{-1, -1};
};

struct Ending {
  int status = 0;  ///< of waitpid()
  std::string messages;
};

/// Runs a program with one argument, without a shell: whatever is in a name stays a name.
Ending run(const fs::path& program, std::string argument) {
  Pipe messages;
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, messages.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages.writer(), STDERR_FILENO);
  // Of a process group of its own: the Ctrl-C that asks a trainer to stop is not for gnuplot.
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string name = program.string();
  const std::array<char*, 3> arguments{name.data(), argument.data(), nullptr};
  pid_t process = 0;
  const int error = posix_spawn(&process, program.c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw lamina::Error(name + ": cannot be started: " + std::generic_category().message(error));
  Ending ending{.status = 0, .messages = messages.read_all()};
  while (waitpid(process, &ending.status, 0) < 0 && errno == EINTR) {
  }
  return ending;
}

/// gnuplot repeats the command and points at the fault; what is wrong stands in the last line.
std::string last_line(const std::string& messages) {
  std::istringstream lines(messages);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (line.find_first_not_of(" \t\r") != line.npos) last = line;
  }
  return last;
}

}  // namespace

std::optional<fs::path> find_gnuplot() {
  const char* const variable = std::getenv("PATH");
  std::istringstream folders(variable == nullptr ? "" : variable);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::path(folder.empty() ? "." : folder) / "gnuplot";
    std::error_code error;
    if (fs::is_regular_file(program, error) && access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

void run_gnuplot(const fs::path& gnuplot, const fs::path& script) {
  // A name that begins with '-' would be taken as an option.
  const Ending ending = run(gnuplot, fs::absolute(script).string());
  if (WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 0) return;
  const std::string message = last_line(ending.messages);
  throw lamina::Error(script.string() + ": gnuplot cannot draw it: " +
                      (message.empty() ? "it ended with status " + std::to_string(ending.status) : message));
}

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char character : text) {
    const bool control = static_cast<unsigned char>(character) < ' ';
    quoted.append(character == '\'' ? 2 : 1, control ? ' ' : character);
  }
  return quoted + "'";
}

std::string gnuplot_command(const fs::path& script) {
  const std::string name = script.string();
  return "gnuplot " + shell_quoted(name.starts_with('-') ? "./" + name : name);
}

}  // namespace study
