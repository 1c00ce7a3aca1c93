/// Repeats Table 1 of the study: seven runs of train_cifar100 one after another, and what they say beside what the
/// study reports:
///
///     reproduce_table1 --out runs/table1
///     reproduce_table1 --out runs/quick --rows vgg08-lr-1e-3,vgg38-lr-1e-3 --epochs 2 --limit 5000
///     reproduce_table1 --out runs/table1 --no-training
///
/// It can be stopped at any time; the same command goes on where it was, and leaves alone what is finished. The last
/// one shows how far the runs in the folder have come.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <cxxopts.hpp>

#include <lamina/core/error.hpp>
#include <lamina/io/file.hpp>

#include "study/command_line/options.hpp"
#include "study/command_line/program.hpp"
#include "study/experiment/experiment.hpp"
#include "study/report/table1.hpp"
#include "study/run_folder/run.hpp"
#include "study/setup/config.hpp"
#include "study/text/text.hpp"

using namespace study;
namespace fs = std::filesystem;

namespace {

cxxopts::Options command_line() {
  cxxopts::Options options("reproduce_table1", "Trains the networks of Table 1 and puts them beside the study's.");
  options.add_options()                                                                                //
      ("out", "folder for the runs, the table and the figures", cxxopts::value<std::string>(), "DIR")  //
      ("rows", "names of rows, such as vgg38-bn-lr-1e-2 (default: all)", cxxopts::value<std::vector<std::string>>(),
       "NAME,...")                                                             //
      ("no-training", "show the runs in the folder as far as they have come")  //
      ("help", "print this and exit; other flags are train_cifar100's, for all runs");
  options.allow_unrecognised_options();
  return options;
}

/// The options of the run of a row, as if train_cifar100 had been given them.
Options options_of(const ReportedRow& row, const fs::path& out, const std::vector<std::string>& others) {
  const std::string folder = (out / row.name()).string();
  const std::string model(row.model);
  const std::string rate(row.learning_rate);
  std::vector<const char*> words{"train_cifar100", "--resume"};
  for (const std::string& word : others) words.push_back(word.c_str());
  for (const std::string* word : {&model, &rate, &folder}) {
    words.push_back(word == &model ? "--model" : word == &rate ? "--lr" : "--out");
    words.push_back(word->c_str());
  }
  return parse_options(static_cast<int>(words.size()), words.data());
}

/// Makes sure that a run is the one that these options ask for.
/// @throws lamina::FileError  when it is another
void require_same(const Run& run, const Options& options) {
  const std::string differs = flag_difference(run.config.dump(), options);
  if (!differs.empty()) throw lamina::FileError(options.out->string(), "holds another run (" + differs + ")");
}

/// The run of a row as far as it has come; none before its first epoch is done.
std::optional<Run> begun_run(const Options& options) {
  if (!has_finished_epoch(*options.out)) return std::nullopt;
  Run run = read_run(*options.out);
  require_same(run, options);
  return run;
}

/// The run of a row that has come to its end, if there is one.
std::optional<Run> finished_run(const Options& options) {
  if (!fs::exists(*options.out / "test_summary.csv")) return std::nullopt;
  std::optional<Run> run = begun_run(options);
  return run && run->test ? run : std::nullopt;
}

/// The command as one would type it.
std::string command_of(int argc, const char* const* argv) {
  std::string command = fs::path(argv[0]).filename();
  for (int i = 1; i < argc; ++i) command.append(" ").append(shell_quoted(argv[i]));
  return command;
}

/// Flags for all runs. What a row decides itself is not among them.
std::vector<std::string> common_flags(const cxxopts::ParseResult& flags) {
  for (const std::string& word : flags.unmatched()) {
    const std::string flag = word.substr(0, word.find('='));
    for (const char* own : {"--model", "--lr", "--eval", "--per-class", "--summary", "--weights", "--extend"}) {
      if (flag == own) throw UsageError(flag + " cannot be chosen for all rows");
    }
  }
  return flags.unmatched();
}

std::vector<ReportedRow> chosen_rows(const cxxopts::ParseResult& flags) {
  if (flags.count("rows") == 0) return table1_rows({});
  try {
    return table1_rows(flags["rows"].as<std::vector<std::string>>());
  } catch (const lamina::ArgumentError& error) {
    throw UsageError(std::string("--rows: ").append(error.what()));
  }
}

/// The rows that are asked for and where their runs are.
struct Request {
  std::vector<ReportedRow> rows;
  std::vector<Options> runs;  ///< of each row
  fs::path out;
  std::string command;
};

Request request_of(const cxxopts::ParseResult& flags, const std::string& command) {
  if (flags.count("out") == 0) throw UsageError("--out is missing");
  Request request{.rows = chosen_rows(flags), .runs = {}, .out = flags["out"].as<std::string>(), .command = command};
  for (const ReportedRow& row : request.rows) {
    request.runs.push_back(options_of(row, request.out, common_flags(flags)));
  }
  return request;
}

void write_page(const Request& request, const std::vector<RepeatedRow>& rows) {
  lamina::write_file(request.out / "table1.md", table1_page(rows, request.command));
}

void print_end(const Request& request, const std::vector<RepeatedRow>& rows) {
  std::cout << "\n" << table1_page(rows, request.command) << "\n" << draw_table1(rows, request.out) << "\n";
}

/// Shows the runs that there are.
void show(const Request& request) {
  std::vector<RepeatedRow> rows;
  for (std::size_t i = 0; i < request.rows.size(); ++i) rows.push_back({request.rows[i], begun_run(request.runs[i])});
  if (std::ranges::none_of(rows, [](const RepeatedRow& row) { return row.run.has_value(); })) {
    throw lamina::FileError(request.out.string(), "holds no run that has finished an epoch");
  }
  write_page(request, rows);
  print_end(request, rows);
}

/// Trains what is not finished.
/// @return  the exit status
int reproduce(const Request& request) {
  // Before the first begins, which may take days.
  for (const Options& options : request.runs) static_cast<void>(finished_run(options));

  const Interruption interruption;
  std::vector<RepeatedRow> rows;
  for (std::size_t i = 0; i < request.rows.size(); ++i) {
    std::optional<Run> run = finished_run(request.runs[i]);
    std::cout << "== " << request.rows[i].name() << (run ? ": finished before" : "") << "\n" << std::flush;
    if (!run) {
      if (run_experiment(request.runs[i], interruption) != Outcome::finished) return 128 + interruption.signal();
      run = read_run(*request.runs[i].out);
    }
    rows.push_back({request.rows[i], run});
    write_page(request, rows);
    if (interruption.signal() != 0) return 128 + interruption.signal();
  }
  print_end(request, rows);
  return 0;
}

int run(int argc, char** argv) {
  cxxopts::Options definition = command_line();
  const cxxopts::ParseResult flags = parse(definition, argc, argv);
  if (flags.count("help") > 0) {
    std::cout << definition.help();
    return 0;
  }
  const Request request = request_of(flags, command_of(argc, argv));
  if (flags.count("no-training") == 0) return reproduce(request);
  show(request);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("reproduce_table1", [&] { return run(argc, argv); });
}
