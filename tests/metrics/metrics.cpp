#include <vector>

#include <lamina/metrics/accuracy.hpp>
#include <lamina/metrics/batch_result.hpp>
#include <lamina/metrics/confusion_matrix.hpp>
#include <lamina/metrics/mean_absolute_error.hpp>
#include <lamina/metrics/top_k.hpp>

#include "../catch.hpp"
#include "../losses/loss_cases.hpp"

using namespace lamina;

namespace {

/// Predictions 1, 0 and 0; labels are ranked 0, 1 and 2.
struct Ranked {
  Tensor<float> outputs = test::make_rows<float>(3, {1, 2, 2, 2, 2, 1, 7, 6, 5});
  std::vector<Label> labels{1, 1, 2};
};

}  // namespace

TEST_CASE("accuracy: counts the samples whose largest output, the first of equal ones, is at their label") {
  const Ranked it;
  CHECK(count_correct<float>(it.outputs.view(), it.labels) == 1);
  CHECK(count_correct<float>(it.outputs.view(), std::vector<Label>{1, 0, 0}) == 3);
  CHECK(count_correct<float>(it.outputs.view(), std::vector<Label>{2, 1, 1}) == 0);
  CHECK_THROWS_WITH(count_correct<float>(it.outputs.view(), std::vector<Label>{2}), "got 3 outputs but 1 labels");
}

TEST_CASE("top k: counts the samples whose label is among the k largest outputs") {
  const Ranked it;
  for (const Index k : {1, 2, 3}) CHECK(count_in_top<float>(it.outputs.view(), it.labels, k) == k);
  CHECK(count_in_top<float>(it.outputs.view(), it.labels, 0) == 0);
  CHECK_THROWS_WITH(count_in_top<float>(it.outputs.view(), std::vector<Label>{0, 0, 3}, 1),
                    "the network has 3 outputs, got the label 3");
}

TEST_CASE("confusion matrix: counts what each class was taken for") {
  const Ranked it;
  ConfusionMatrix matrix(3);
  matrix.add<float>(it.outputs.view(), it.labels);
  matrix.add<float>(it.outputs.view().samples(1, 1), std::vector<Label>{1});
  CHECK(matrix.count(1, 1) == 1);
  CHECK(matrix.count(1, 0) == 2);
  CHECK(matrix.count(2, 0) == 1);
  CHECK(matrix.count(0, 0) == 0);
  CHECK(matrix.samples(1) == 3);
  CHECK(matrix.samples(0) == 0);
  CHECK_THROWS_WITH(matrix.add<float>(it.outputs.view(), std::vector<Label>{0, 0, 3}),
                    "expected a label from 0 to 2, got 3");
  CHECK_THROWS_WITH(ConfusionMatrix(4).add<float>(it.outputs.view(), it.labels),
                    "a confusion matrix of 4 classes takes as many outputs, got 1x1x3");
  CHECK(matrix.samples(0) == 0);
}

TEST_CASE("mean absolute error: is the mean over outputs and samples") {
  const auto outputs = test::make_rows<double>(2, {1, 2, 3, 4});
  const auto rows = test::make_rows<double>(2, {2, 2, 0, 4.5});
  CHECK(mean_absolute_error<double>(outputs.view(), rows.view()) == (1 + 0 + 3 + 0.5) / 4);
  CHECK_THROWS_WITH(mean_absolute_error<double>(outputs.view(), rows.view().samples(0, 1)),
                    ContainsSubstring("got 2 outputs of 1x1x2 but 1 target rows of 1x1x2"));
}

TEST_CASE("batch result: measures labels by hits and rows by their distance") {
  const Ranked it;
  const BatchResult labelled = batch_result<float>(0.5, it.outputs.view(), {.labels = it.labels});
  CHECK(labelled.loss == 0.5);
  CHECK(labelled.correct == 1);
  CHECK_FALSE(labelled.absolute_error);
  const BatchResult both =
      batch_result<float>(0.5, it.outputs.view(), {.labels = it.labels, .rows = it.outputs.view()});
  CHECK(both.correct == 1);
  CHECK_FALSE(both.absolute_error);
  const BatchResult rows = batch_result<float>(0.5, it.outputs.view(), {.rows = it.outputs.view()});
  CHECK_FALSE(rows.correct);
  CHECK(rows.absolute_error == 0);
}
