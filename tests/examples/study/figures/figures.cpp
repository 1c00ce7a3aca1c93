#include <cstdlib>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>

#include "../../../catch.hpp"
#include "../../run_fixture.hpp"
#include "study/figures/figure_key.hpp"
#include "study/figures/gnuplot.hpp"
#include "study/figures/gradient_flow_comparison.hpp"
#include "study/figures/gradient_flow_figure.hpp"
#include "study/figures/gradient_flow_map.hpp"
#include "study/figures/training_curves.hpp"
#include "study/report/drawing.hpp"
#include "study/text/csv_table.hpp"

using namespace study;

namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<double>;

/// For as long as it lives, programs are looked for in this folder alone.
class SearchPath {
 public:
  explicit SearchPath(const fs::path& folder) : before_(std::getenv("PATH")) { set(folder.string()); }
  ~SearchPath() { set(before_); }
  SearchPath(const SearchPath&) = delete;
  SearchPath& operator=(const SearchPath&) = delete;

 private:
  static void set(const std::string& value) { setenv("PATH", value.c_str(), 1); }
  std::string before_;
};

void write_program(const fs::path& file, const std::string& text) {
  std::ofstream(file) << "#!/bin/sh\n" << text;
  fs::permissions(file, fs::perms::owner_all);
}

bool is_picture(const fs::path& file, const std::string& mark) {
  return read_text(file).substr(0, 100).find(mark) != std::string::npos;
}

}  // namespace

TEST_CASE("figures: the table of the training curves holds the numbers of the run") {
  const RunFixture folder;
  const TemporaryFolder out;
  const Run run = read_run(folder.path());
  const Figure figure = write_training_curves({&run, 1}, out.path());
  const CsvTable before(folder.path() / "summary.csv");
  const CsvTable after(figure.file(".csv"));
  for (const char* const column : {"epoch", "train_loss", "train_acc", "val_loss", "val_acc"}) {
    CHECK(after.numbers(column) == before.numbers(column));
  }
  CHECK_THAT(read_text(figure.file(".gp")), ContainsSubstring("'vgg08, learning rate 0.01'") &&
                                                ContainsSubstring("best validation (epoch 1)") &&
                                                ContainsSubstring("set yrange [0:*]"));
}

TEST_CASE("figures: the table of the gradient flow holds the numbers of the run, and the axis whole decades") {
  const RunFixture folder;
  const TemporaryFolder out;
  const Figure figure = write_gradient_flow(read_run(folder.path()), out.path());
  const CsvTable before(folder.path() / "gradient_flow.csv");
  const CsvTable after(figure.file(".csv"));
  for (const char* const column : {"epoch", "index", "mean_abs"}) {
    CHECK(after.numbers(column) == before.numbers(column));
  }
  CHECK(after.text("layer") == before.text("layer"));
  const std::string script = read_text(figure.file(".gp"));
  CHECK_THAT(script, ContainsSubstring("set yrange [1e-18:1e-3]") && ContainsSubstring("'3.branch.0' 1"));
  CHECK_THAT(script, ContainsSubstring("1 of 6 values are 0"));
}

TEST_CASE("figures: the gradient flow has lines through weights, marks for batch norms, and no bias") {
  const RunFixture folder;
  folder.write_whole_flow();
  const TemporaryFolder out;
  const std::string script = read_text(write_gradient_flow(read_run(folder.path()), out.path()).file(".gp"));
  const CsvTable lines(out.path() / "gradient_flow.csv");
  CHECK(lines.numbers("index") == Numbers{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(lines.numbers("mean_abs") == Numbers{1e-5, 2e-5, 3e-5, 4e-5, 1e-5, 2e-5, 3e-5, 4e-5});
  const CsvTable marks(out.path() / "gradient_flow_batch_norm.csv");
  CHECK(marks.numbers("index") == Numbers{0.5, 1.5, 0.5, 1.5});
  CHECK(marks.numbers("epoch") == Numbers{1, 1, 2, 2});
  CHECK(marks.numbers("mean_abs") == Numbers{3e-3, 4e-3, 3e-3, 4e-3});
  CHECK(marks.text("layer")[0] == "1.weight");
  CHECK_THAT(script, ContainsSubstring("gamma of batch norms") && ContainsSubstring("'gradient_flow_batch_norm.csv'"));
  CHECK_THAT(script, ContainsSubstring("set yrange [1e-5:1e-2]"));  // of what is drawn
}

TEST_CASE("figures: a gradient flow without batch norms has no marks and no key") {
  const RunFixture folder;
  const TemporaryFolder out;
  const std::string script = read_text(write_gradient_flow(read_run(folder.path()), out.path()).file(".gp"));
  CHECK_THAT(script, !ContainsSubstring("batch"));
  CHECK_FALSE(fs::exists(out.path() / "gradient_flow_batch_norm.csv"));
}

TEST_CASE("figures: layers are called by their places, in tables by PyTorch's names") {
  const RunFixture folder;
  folder.write_whole_flow();
  const TemporaryFolder out;
  const Run run = read_run(folder.path());
  for (const Figure& figure : {write_gradient_flow(run, out.path()), write_gradient_flow_map(run, out.path())}) {
    CHECK_THAT(read_text(figure.file(".gp")),
               ContainsSubstring("('entry' 0, 'reduction 1, conv 1' 1, 'reduction 1, conv 2' 2, 'head' 3)"));
    CHECK(CsvTable(figure.file(".csv")).text("layer")[1] == "3.weight");
  }
}

TEST_CASE("figures: the map of the gradient flow has a cell for each weight tensor and epoch") {
  const RunFixture folder;
  folder.write_whole_flow();
  const TemporaryFolder out;
  const Figure figure = write_gradient_flow_map(read_run(folder.path()), out.path());
  const CsvTable cells(figure.file(".csv"));
  CHECK(cells.numbers("epoch") == Numbers{1, 1, 1, 1, 2, 2, 2, 2});
  CHECK(cells.numbers("index") == Numbers{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(cells.numbers("mean_abs") == Numbers{1e-5, 2e-5, 3e-5, 4e-5, 1e-5, 2e-5, 3e-5, 4e-5});
  CHECK_THAT(read_text(figure.file(".gp")), ContainsSubstring("set cbrange [1e-5:1e-4]") &&
                                                ContainsSubstring("set yrange [4-0.5:-0.5]") &&
                                                !ContainsSubstring("grey"));
}

TEST_CASE("figures: zeros in the map of the gradient flow are grey and counted") {
  const RunFixture folder;
  const TemporaryFolder out;
  const Figure figure = write_gradient_flow_map(read_run(folder.path()), out.path());
  CHECK_THAT(read_text(figure.file(".gp")), ContainsSubstring("1 of 6 values are 0") && ContainsSubstring("are grey"));
}

TEST_CASE("figures: the batch norms of several runs are marks in the colours of the runs") {
  const RunFixture first("first");
  const RunFixture second("second");
  second.write_whole_flow();
  const std::vector<Run> runs{read_run(first.path()), read_run(second.path())};
  const TemporaryFolder out;
  const std::string script = read_text(write_gradient_flows(runs, out.path()).file(".gp"));
  CHECK_FALSE(fs::exists(out.path() / "gradient_flow_batch_norm_1.csv"));
  CHECK(CsvTable(out.path() / "gradient_flow_batch_norm_2.csv").numbers("position") == Numbers{0.5 / 3, 0.5});
  CHECK(CsvTable(out.path() / "gradient_flow_2.csv").size() == 4);
  CHECK_THAT(script, ContainsSubstring("gamma of batch norms") && !ContainsSubstring("batch_norm_1"));
}

TEST_CASE("figures: several runs have a table each, of the last epoch and on one scale of depth") {
  const RunFixture first("first");
  const RunFixture second("second");
  second.write("gradient_flow.csv",
               "epoch,layer,mean_abs,l2_norm,max_abs\n1,a,1,1,1\n1,b,2,1,1\n1,c,3,1,1\n1,d,4,1,1\n1,e,5,1,1\n");
  const std::vector<Run> runs{read_run(first.path()), read_run(second.path())};
  const TemporaryFolder out;
  const Figure figure = write_gradient_flows(runs, out.path());
  const CsvTable shallow(out.path() / "gradient_flow_1.csv");
  const CsvTable deep(out.path() / "gradient_flow_2.csv");
  CHECK(shallow.numbers("epoch") == Numbers{2, 2, 2});
  CHECK(shallow.numbers("mean_abs") == Numbers{0, 2.5e-9, 1.5e-4});
  CHECK(shallow.numbers("position") == Numbers{0, 0.5, 1});
  CHECK(deep.numbers("position") == Numbers{0, 0.25, 0.5, 0.75, 1});
  // Their titles are the same, so their folders tell them apart.
  CHECK_THAT(read_text(figure.file(".gp")), ContainsSubstring("'vgg08, learning rate 0.01 (first), epoch 2'") &&
                                                ContainsSubstring("'vgg08, learning rate 0.01 (second), epoch 1'"));
}

TEST_CASE("figures: a loss that spans decades has a logarithmic axis that says so") {
  const RunFixture folder;
  folder.write("summary.csv", "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,1,4.5,0,18000,0,1\n");
  const Run run = read_run(folder.path());
  const TemporaryFolder out;
  CHECK_THAT(read_text(write_training_curves({&run, 1}, out.path()).file(".gp")),
             ContainsSubstring("set logscale y") && ContainsSubstring("'loss (logarithmic axis)'"));
}

TEST_CASE("figures: no two of many runs look the same") {
  std::vector<std::string> looks;
  for (std::size_t i = 0; i < 28; ++i) looks.push_back(run_colour(i) + std::to_string(run_symbol(i)));
  std::ranges::sort(looks);
  CHECK(std::ranges::adjacent_find(looks) == looks.end());
}

TEST_CASE("figures: without gnuplot there are tables, scripts and a report, and a sentence that says how to draw") {
  const RunFixture folder("it's a run");
  const TemporaryFolder empty;
  const SearchPath path(empty.path());
  CHECK_FALSE(find_gnuplot().has_value());
  fs::create_directories(folder.path() / "figures");
  folder.write("figures/gradient_flow.svg", "an earlier picture");
  const std::string sentence = draw_run(folder.path());
  CHECK_THAT(sentence, ContainsSubstring("gnuplot is not installed") &&
                           ContainsSubstring("it'\\''s a run/figures/training_curves.gp' && gnuplot '"));
  for (const char* const name : {"training_curves", "gradient_flow", "gradient_flow_map"}) {
    CHECK(fs::exists(folder.path() / "figures" / (std::string(name) + ".csv")));
    CHECK(fs::exists(folder.path() / "figures" / (std::string(name) + ".gp")));
    CHECK_FALSE(fs::exists(folder.path() / "figures" / (std::string(name) + ".svg")));
  }
  const std::string report = folder.text("report.html");
  CHECK_THAT(report, ContainsSubstring("Draw it with <code>gnuplot ") && !ContainsSubstring("<svg"));
}

TEST_CASE("figures: gnuplot's failure is reported with its message, and leaves a report and no broken picture") {
  const RunFixture folder;
  const TemporaryFolder programs;
  write_program(programs.path() / "gnuplot",
                "echo half > " + (folder.path() / "figures/training_curves.svg").string() +
                    "\nprintf 'plot x\\n     ^\\nline 7: no such terminal\\n\\n' >&2\nexit 3\n");
  const SearchPath path(programs.path());
  CHECK_THROWS_WITH(draw_run(folder.path()), (folder.path() / "figures/training_curves.gp").string() +
                                                 ": gnuplot cannot draw it: line 7: no such terminal");
  CHECK_FALSE(fs::exists(folder.path() / "figures/training_curves.svg"));
  CHECK_THAT(folder.text("report.html"), ContainsSubstring("</html>"));
}

TEST_CASE("figures: gnuplot draws each as SVG and PNG, whatever is in the names and numbers") {
  if (!find_gnuplot()) {
    WARN("skipped: gnuplot is not installed");
    return;
  }
  const RunFixture folder("it's {a} `run` @home_^2 \"x\"");
  folder.write("config.json", R"({"model": "it's }{ `echo` <b>_a^2 \n #x", "lr": 0.01})");
  SECTION("a common run") {}
  SECTION("batch norms") { folder.write_whole_flow(); }
  SECTION("one epoch") {
    folder.write("summary.csv", "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,1,4.5,0.01,4.5,0.01,1\n");
    folder.write("gradient_flow.csv", "epoch,layer,mean_abs,l2_norm,max_abs\n1,a,1e-5,1,1\n");
  }
  SECTION("nothing but zeros") {
    folder.write("summary.csv", "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,0,0,0,0,0,0\n");
    folder.write("gradient_flow.csv",
                 "epoch,layer,mean_abs,l2_norm,max_abs\n1,a,0,0,0\n1,b,0,0,0\n2,a,0,0,0\n2,b,0,0,0\n");
  }
  SECTION("losses that are no numbers") {
    folder.write("summary.csv",
                 "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,1,4.5,0,inf,0,1\n2,1,4.5,0,nan,0,1\n");
  }
  CHECK_THAT(draw_run(folder.path()), ContainsSubstring("training_curves.svg"));
  const std::vector<fs::path> runs{folder.path(), folder.path()};
  const fs::path comparison = folder.path() / "comparison";
  CHECK_THAT(draw_comparison(runs, comparison), ContainsSubstring("gradient_flow.svg"));
  for (const fs::path& place : {folder.path(), comparison}) {
    for (const char* const name : {"figures/training_curves", "figures/gradient_flow"}) {
      CHECK(is_picture((place / name).string() + ".svg", "<svg"));
      CHECK(is_picture((place / name).string() + ".png", "\x89PNG"));
    }
  }
  CHECK(is_picture(folder.path() / "figures/gradient_flow_map.svg", "<svg"));
  CHECK(is_picture(folder.path() / "figures/gradient_flow_map.png", "\x89PNG"));
}
