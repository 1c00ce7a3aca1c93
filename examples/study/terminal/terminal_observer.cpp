#include "study/terminal/terminal_observer.hpp"

#include <iostream>
#include <utility>

#include <lamina/diagnostics/flow_verdict.hpp>

#include "study/terminal/gradient_flow_chart.hpp"
#include "study/terminal/terminal.hpp"
#include "study/text/layer_places.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

/// Ten times a second looks alive; without bars, a line every half minute fills no log.
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{30};

std::string of_total(lamina::Index number, lamina::Index total) {
  return right(std::to_string(number), std::to_string(total).size()) + "/" + std::to_string(total);
}

/// "0:48 left", from the time that the part done took.
std::string time_left(double seconds, double fraction) {
  return clock_time(seconds / fraction * (1 - fraction)) + " left";
}

std::string images_per_second(double images, double seconds) {
  return right(fixed(images / seconds, 0), 5) + " images/s";
}

}  // namespace

void TerminalObserver::on_step(const lamina::StepReport& report) {
  epoch_title_ = "epoch " + of_total(report.epoch, report.epochs);
  const double fraction = static_cast<double>(report.step) / static_cast<double>(report.steps);
  show({.title = epoch_title_,
        .fraction = fraction,
        .figures = {time_left(report.seconds, fraction), "loss " + fixed(report.so_far.loss, 3),
                    "accuracy " + percent(report.so_far.accuracy),
                    images_per_second(static_cast<double>(report.so_far.images), report.seconds)}});
}

void TerminalObserver::on_evaluation(const lamina::EvaluationReport& report) {
  const bool test = report.set == lamina::EvaluationSet::test;
  const double fraction = static_cast<double>(report.images) / static_cast<double>(report.total);
  show({.title = test ? "test" : epoch_title_ + " validation",
        .fraction = fraction,
        .figures = {time_left(report.seconds, fraction),
                    images_per_second(static_cast<double>(report.images), report.seconds)}});
}

void TerminalObserver::on_epoch(const lamina::EpochReport& report) {
  clear();
  if (!std::exchange(has_header_, true)) {
    std::cout << left("epoch", 2 * std::to_string(report.epochs).size() + 1)
              << "     rate   train loss      acc     val loss      acc   images/s     time\n";
  }
  std::cout << left(of_total(report.epoch, report.epochs), 5) << "  " << scientific(report.learning_rate, 1) << "  "
            << right(fixed(report.training.loss, 3), 11) << "  " << right(percent(report.training.accuracy), 7) << "  "
            << right(fixed(report.validation.loss, 3), 11) << "  " << right(percent(report.validation.accuracy), 7)
            << "  " << right(fixed(report.images_per_second, 0), 9) << "  " << right(clock_time(report.seconds), 7)
            << (report.best ? "  best\n" : "\n");
  if (report.averaged) {
    std::cout << "  averaged weights: validation loss " << fixed(report.averaged->loss, 3) << ", accuracy "
              << percent(report.averaged->accuracy) << "\n";
  }
  std::cout << std::flush;
  gradient_flow_.assign(report.gradient_flow.begin(), report.gradient_flow.end());
  shown_ = Clock::now();
}

void TerminalObserver::on_test(const lamina::TestReport& report) {
  clear();
  if (!gradient_flow_.empty()) {
    std::cout << "\nGradient flow: mean |gradient| of each weight tensor in the last epoch, input first\n\n"
              << gradient_flow_chart(gradient_flow_, terminal_width(), bar_style()) << "\n"
              << wrapped(lamina::judge(gradient_flow_, LayerPlaces(gradient_flow_)).text, terminal_width()) << "\n\n";
  }
  std::cout << "Test: loss " << fixed(report.test.loss, 3) << ", accuracy " << percent(report.test.accuracy) << " on "
            << grouped(report.test.images) << " images, with the parameters of epoch " << report.best_epoch << "\n"
            << std::flush;
}

void TerminalObserver::warn(const lamina::Trouble& trouble) {
  clear();
  std::cout << wrapped(trouble.kind + " since step " + std::to_string(trouble.step) + ": " + trouble.text,
                       terminal_width())
            << "\n"
            << std::flush;
}

void TerminalObserver::stop(std::string_view reason) {
  clear();
  std::cout << reason << "\n" << std::flush;
}

void TerminalObserver::show(const Progress& progress) {
  const auto now = Clock::now();
  if (bars_) {
    if (now - shown_ < kRedraw) return;
    std::cout << "\r" << progress_line(progress, terminal_width(), bar_style()) << "\x1b[K" << std::flush;
  } else {
    if (now - shown_ < kPlainLine) return;
    std::cout << progress.title << "  " << fixed(100 * progress.fraction, 0) << " %";
    for (const std::string& figure : progress.figures) std::cout << "  " << figure;
    std::cout << "\n" << std::flush;
  }
  shown_ = now;
}

/// Removes the bar, so that a whole line can take its place.
void TerminalObserver::clear() {
  if (bars_) std::cout << "\r\x1b[K";
}

}  // namespace study
