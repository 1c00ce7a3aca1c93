#include "study/report/report.hpp"

#include <regex>

#include "../../../catch.hpp"
#include "../../run_fixture.hpp"
#include "study/report/html.hpp"

using namespace study;

namespace {

constexpr const char* kPicture =
    "<?xml version=\"1.0\"?>\n<svg \n width=\"900\" height=\"420\"\n viewBox=\"0 0 900 420\"\n "
    "xmlns=\"http://www.w3.org/2000/svg\"\n xmlns:xlink=\"http://www.w3.org/1999/xlink\"\n>\n<title>Gnuplot</title>\n"
    "<desc>Produced by GNUPLOT</desc>\n<defs><circle id='gpDot' stroke-width=\"2\"/></defs>"
    "<use xlink:href='#gpDot' id=\"gnuplot_plot_1\"/></svg>\n";

}  // namespace

TEST_CASE("report: text stays text") {
  CHECK(html_text("<b a=\"1\" c='2'>&amp;</b>") == "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  const RunFixture folder("<i>");
  folder.write("config.json", R"({"model": "<script>&", "lr": 1, "<key>": ["<value>", 2, null]})");
  folder.write("gradient_flow.csv", "epoch,layer,mean_abs,l2_norm,max_abs\n1,<u>,1,1,1\n1,b,1,1,1\n");
  const std::string page = html_report(read_run(folder.path()), {});
  for (const char* const raw : {"<script", "<i>", "<key>", "<value>", "<u>"}) {
    CHECK_THAT(page, !ContainsSubstring(raw));
  }
  CHECK_THAT(page, ContainsSubstring("&lt;script&gt;&amp;, learning rate 1 (&lt;i&gt;)"));
  CHECK_THAT(page, ContainsSubstring("&lt;key&gt;</th><td>&lt;value&gt;, 2, none</td>"));
}

TEST_CASE("report: holds the result, the verdict on the last epoch, the epochs and the configuration") {
  const RunFixture folder;
  folder.write_test();
  const std::string page = html_report(read_run(folder.path()), {});
  CHECK_THAT(page, ContainsSubstring("<html lang=\"en\">"));
  CHECK_THAT(page, ContainsSubstring("2 of 3 epochs done. Best validation accuracy 12.50 % in epoch 1. "
                                     "Test accuracy 12.34 %, loss 4.500, with the parameters of epoch 1."));
  CHECK_THAT(page, ContainsSubstring("<strong>vanishing</strong>: mean |gradient| 0.0e+00 in layer 0.weight against "
                                     "1.5e-04 in layer 9.weight"));
  CHECK_THAT(page, ContainsSubstring("<tr class=\"best\"><th scope=\"row\">1</th><td>1.0e-02</td><td>4.612</td>"
                                     "<td>1.00 %</td><td>4.500</td><td>12.50 %</td><td>1:01</td></tr>"));
  CHECK_THAT(page, ContainsSubstring("<th scope=\"row\">mean</th><td>0.5, 0.25</td>"));
}

TEST_CASE("report: its verdict is about weights alone and calls layers by their places") {
  const RunFixture folder;
  folder.write_whole_flow();
  CHECK_THAT(html_report(read_run(folder.path()), {}),
             ContainsSubstring("<strong>healthy</strong>: mean |gradient| 1.0e-05 in entry against 4.0e-05 in head, "
                               "ratio 2.5e-01; steepest fall, by a factor of 2.0e+00, at entry.</p>"));
}

TEST_CASE("report: a run that goes on is not tested yet") {
  const RunFixture folder;
  CHECK_THAT(html_report(read_run(folder.path()), {}), ContainsSubstring("in epoch 1. Not tested yet.</p>"));
}

TEST_CASE("report: many epochs are folded away") {
  const RunFixture folder;
  const auto page = [&](int epochs) {
    std::string rows = "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n";
    for (int i = 1; i <= epochs; ++i) rows += std::to_string(i) + ",1,1,1,1,1,1\n";
    folder.write("summary.csv", rows);
    return html_report(read_run(folder.path()), {});
  };
  CHECK_THAT(page(20), !ContainsSubstring("<details>"));
  CHECK_THAT(page(21), ContainsSubstring("<details><summary>All 21 epochs</summary>"));
}

TEST_CASE("report: pictures are part of the page, which refers to nothing outside") {
  const RunFixture folder;
  folder.write("one.svg", kPicture);
  folder.write("two.svg", kPicture);
  const std::vector<Figure> figures{{.folder = folder.path(), .name = "one", .caption = "\"One\""},
                                    {.folder = folder.path(), .name = "two", .caption = "Two"}};
  std::string page = html_report(read_run(folder.path()), figures);
  CHECK_THAT(page, ContainsSubstring("role=\"img\" aria-label=\"&quot;One&quot;\"") &&
                       ContainsSubstring("<figcaption>Two</figcaption>"));
  CHECK_THAT(page, ContainsSubstring("id='one-gpDot'") && ContainsSubstring("<use href='#two-gpDot' id=\"two-gnuplot"));
  CHECK_THAT(page, ContainsSubstring("stroke-width=\"2\""));
  const std::string name_space = "xmlns=\"http://www.w3.org/2000/svg\"";
  for (auto at = page.find(name_space); at != page.npos; at = page.find(name_space)) page.erase(at, name_space.size());
  for (const char* const outside : {"http:", "https:", "src=", "<link", "@import", "xlink", "<?xml", "GNUPLOT"}) {
    CHECK_THAT(page, !ContainsSubstring(outside));
  }
  CHECK_FALSE(std::regex_search(page, std::regex("(href|url\\()[^#]{0,2}[a-z/]")));
}
