#include "study/report/report.hpp"

#include <filesystem>

#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/io/file.hpp>

#include "study/figures/gnuplot.hpp"
#include "study/report/html.hpp"
#include "study/report/report_style.hpp"
#include "study/text/layer_places.hpp"
#include "study/text/text.hpp"

namespace study {

namespace {

std::string element(const std::string& name, std::string_view text) {
  return "<" + name + ">" + html_text(text) + "</" + name + ">";
}

std::string section(std::string_view heading, const std::string& content) {
  return "<section>\n" + element("h2", heading) + "\n" + content + "</section>\n";
}

std::string result(const Run& run) {
  const BestEpoch best = run.best();
  std::string text = std::to_string(run.epochs.size());
  if (const auto planned = run.config.find("epochs"); planned != run.config.end() && planned->is_number_integer()) {
    text += " of " + planned->dump();
  }
  text += " epochs done. Best validation accuracy " + percent(best.validation_accuracy) + " in epoch " +
          std::to_string(best.epoch) + ". ";
  text += run.test ? "Test accuracy " + percent(run.test->accuracy) + ", loss " + fixed(run.test->loss, 3) +
                         ", with the parameters of epoch " + std::to_string(run.test->best_epoch) + "."
                   : "Not tested yet.";
  return "<p>" + html_text(text) + "</p>\n";
}

std::string verdict(const Run& run) {
  const auto& [epoch, tensors] = run.flow.back();
  const lamina::FlowVerdict verdict = lamina::judge(tensors, LayerPlaces(tensors));
  const std::string state(to_string(verdict.state));
  return "<p class=\"verdict " + state + "\"><strong>" + state + "</strong>" +
         html_text(verdict.text.substr(state.size())) +
         ".</p>\n<p>Judged by the mean |gradient| of each weight tensor in epoch " + std::to_string(epoch) + ".</p>\n";
}

std::string figure(const Figure& figure) {
  const auto picture = figure.file(".svg");
  if (!std::filesystem::exists(picture)) {
    return "<p>Not drawn yet: " + html_text(figure.caption) + " Draw it with <code>" +
           html_text(gnuplot_command(figure.file(".gp"))) + "</code>.</p>\n";
  }
  return "<figure>\n<div class=\"wide\">" + inline_svg(lamina::read_file(picture), figure.name, figure.caption) +
         "</div>\n" + element("figcaption", figure.caption) + "\n</figure>\n";
}

std::string epoch_table(const Run& run) {
  std::string table =
      "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">epoch</th><th scope=\"col\">learning rate</th>"
      "<th scope=\"col\">train loss</th><th scope=\"col\">train acc.</th><th scope=\"col\">val. loss</th>"
      "<th scope=\"col\">val. acc.</th><th scope=\"col\">time</th></tr></thead>\n<tbody>\n";
  const lamina::Index best = run.best().epoch;
  for (const EpochRow& row : run.epochs) {
    table += row.epoch == best ? "<tr class=\"best\">" : "<tr>";
    table += "<th scope=\"row\">" + std::to_string(row.epoch) + "</th>";
    for (const std::string& cell :
         {scientific(row.learning_rate, 1), fixed(row.train_loss, 3), percent(row.train_accuracy),
          fixed(row.validation_loss, 3), percent(row.validation_accuracy), clock_time(row.seconds)}) {
      table += element("td", cell);
    }
    table += "</tr>\n";
  }
  table += "</tbody>\n</table></div>\n";
  constexpr std::size_t few = 20;
  if (run.epochs.size() <= few) return table;
  return "<details><summary>All " + std::to_string(run.epochs.size()) + " epochs</summary>\n" + table + "</details>\n";
}

std::string value_text(const nlohmann::ordered_json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const auto& part : value) text += (text.empty() ? "" : ", ") + value_text(part);
  return text;
}

std::string configuration(const Run& run) {
  std::string table = "<table class=\"configuration\">\n<tbody>\n";
  for (const auto& [key, value] : run.config.items()) {
    table += "<tr><th scope=\"row\">" + html_text(key) + "</th>" + element("td", value_text(value)) + "</tr>\n";
  }
  return table + "</tbody>\n</table>\n";
}

}  // namespace

std::string html_report(const Run& run, std::span<const Figure> figures) {
  std::string drawn;
  for (const Figure& each : figures) drawn += figure(each);
  const std::string title = run.title() + " (" + run.name + ")";
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
         element("title", title) + "\n<style>" + std::string(kReportStyle) + "</style>\n</head>\n<body>\n<main>\n" +
         element("h1", title) + "\n" + result(run) + section("Gradient flow", verdict(run)) +
         section("Figures", drawn) + section("Epochs", epoch_table(run)) +
         section("Configuration", configuration(run)) + "</main>\n</body>\n</html>\n";
}

}  // namespace study
