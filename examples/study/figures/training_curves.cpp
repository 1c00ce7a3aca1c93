#include "study/figures/training_curves.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "study/figures/figure_key.hpp"
#include "study/figures/figure_layout.hpp"
#include "study/figures/gnuplot.hpp"
#include "study/text/csv_file.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

using lamina::Index;

constexpr std::array<std::string_view, 5> kColumns{"epoch", "train_loss", "train_acc", "val_loss", "val_acc"};

void write_table(const Run& run, const std::filesystem::path& file) {
  CsvFile table(file, kColumns);
  for (const EpochRow& row : run.epochs) {
    table.add(row.epoch, row.train_loss, row.train_accuracy, row.validation_loss, row.validation_accuracy);
  }
  table.write();
}

/// How the lines of a run are drawn. A run that is alone has a colour for either line.
struct Styles {
  std::string training;
  std::string validation;
  std::string best;
};

Styles styles(std::size_t run, std::size_t runs, Index epochs) {
  const std::string colour = " lc rgb " + run_colour(run);
  const std::string training_colour = runs == 1 ? " lc rgb " + run_colour(1) : colour;
  // A point for each of many epochs would hide the line.
  const std::string points = " pi " + std::to_string(std::max<Index>(1, epochs / 20));
  const std::string symbol = " pt " + std::to_string(run_symbol(run));
  return {.training = "linespoints lw 1.5 dt (6,4) ps 0.45*symbol" + symbol + points + training_colour,
          .validation = "linespoints lw 2.2 dt 1 ps 0.65*symbol" + symbol + points + colour,
          .best = "points pt 6 lw 2 ps 1.5*symbol" + colour};
}

Index last_epoch(std::span<const Run> runs) {
  Index last = 1;
  for (const Run& run : runs) last = std::max(last, run.epochs.back().epoch);
  return last;
}

/// Whether losses are so far apart that the small ones would lie on the axis of the large.
bool spans_decades(std::span<const Run> runs) {
  double least = INFINITY;
  double most = 0;
  for (const Run& run : runs) {
    for (const EpochRow& row : run.epochs) {
      for (const double loss : {row.train_loss, row.validation_loss}) {
        least = std::min(least, loss);
        if (std::isfinite(loss)) most = std::max(most, loss);
      }
    }
  }
  return least > 0 && most > 50 * least;
}

/// The lines of all runs in one panel.
/// @param what  "loss" or "acc"
std::string draw_lines(std::span<const Run> runs, Index epochs, const std::string& what, const std::string& factor) {
  std::string text = "plot ";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Styles style = styles(i, runs.size(), epochs);
    const auto line = [&](const std::string& column, const std::string& condition, const std::string& with) {
      return gnuplot_quoted(table_name("training_curves", i, runs.size())) + " using (" + condition +
             "column('epoch')):(" + factor + "column('" + column + "')) with " + with + " notitle";
    };
    const std::string best = "column('epoch') != " + std::to_string(runs[i].best().epoch) + " ? NaN : ";
    text += (i == 0 ? "" : ", \\\n  ") + line("val_" + what, "", style.validation) + ", \\\n  " +
            line("train_" + what, "", style.training) + ", \\\n  " + line("val_" + what, best, style.best);
  }
  return text + "\n";
}

std::vector<KeyEntry> key_entries(std::span<const Run> runs, Index epochs) {
  if (runs.size() == 1) {
    const Styles style = styles(0, 1, epochs);
    return {{style.training, "training"},
            {style.validation, "validation"},
            {style.best, "best validation (epoch " + std::to_string(runs[0].best().epoch) + ")"}};
  }
  std::vector<KeyEntry> entries;
  const auto labels = run_labels(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    entries.push_back({styles(i, runs.size(), epochs).validation, labels[i]});
  }
  entries.push_back({"lines lw 1.5 dt (6,4) lc rgb 'gray40'", "training"});
  entries.push_back({"lines lw 2.2 dt 1 lc rgb 'gray40'", "validation"});
  entries.push_back({"points pt 6 lw 2 ps 1.5*symbol lc rgb 'gray40'", "best validation"});
  return entries;
}

/// A panel with its title above and the name of its axis below.
std::string draw_panel(const Panel& panel, int height, const std::string& title, const std::string& lines) {
  const int middle = (panel.left + panel.right) / 2;
  return place(panel, height) + write_at(middle, panel.top - 18, height, title) +
         write_at(middle, panel.bottom + 48, height, "epoch") + lines + "unset label\n";
}

std::string draw(std::span<const Run> runs, const std::vector<KeyEntry>& key, int height) {
  const Index epochs = last_epoch(runs);
  const int bottom = height - key_height(key) - 65;
  const Panel left{.left = 60, .right = 440, .top = 75, .bottom = bottom};
  const Panel right{.left = 505, .right = 885, .top = 75, .bottom = bottom};
  const double end = static_cast<double>(epochs) + std::max(0.5, 0.02 * static_cast<double>(epochs));
  const bool decades = spans_decades(runs);
  return std::string("set multiplot\n").append(kPlainAxes) + "set xrange [0.5:" + fixed(end, 2) + "]\n" +
         (epochs <= 10 ? "set xtics 1\n" : "") +
         write_title(height, runs.size() == 1 ? runs[0].title() : "Training curves of several runs") +
         (decades ? "set logscale y; set format y '10^{%L}'\n" : "set yrange [0:*]\n") +
         draw_panel(left, height, decades ? "loss (logarithmic axis)" : "loss", draw_lines(runs, epochs, "loss", "")) +
         "unset logscale; set format y; set yrange [0:10<*]\n" +
         draw_panel(right, height, "accuracy (%)", draw_lines(runs, epochs, "acc", "100 * ")) + draw_key(key, height) +
         "unset multiplot\n";
}

}  // namespace

Figure write_training_curves(std::span<const Run> runs, const std::filesystem::path& folder) {
  const Figure figure{.folder = folder,
                      .name = "training_curves",
                      .caption =
                          "Loss and accuracy after each epoch, in training (dashed) and validation (solid); a "
                          "ring marks the epoch with the best validation accuracy."};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    write_table(runs[i], folder / table_name(figure.name, i, runs.size()));
  }
  const auto key = key_entries(runs, last_epoch(runs));
  const int height = 405 + key_height(key);
  write_script(figure, height, draw(runs, key, height));
  return figure;
}

}  // namespace study
