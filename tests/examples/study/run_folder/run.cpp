#include "study/run_folder/run.hpp"

#include <lamina/core/error.hpp>

#include "../../../catch.hpp"
#include "../../run_fixture.hpp"

using namespace study;

namespace {

/// Reading fails with FILE: problem.
void check_refused(const RunFixture& folder, const std::string& file, const std::string& problem) {
  CHECK_THROWS_WITH(read_run(folder.path()), ContainsSubstring((folder.path() / file).string() + ": " + problem));
  CHECK_THROWS_AS(read_run(folder.path()), lamina::FileError);
}

}  // namespace

TEST_CASE("run: what a folder holds is read as it was written") {
  const RunFixture folder("two words");
  folder.write_test();
  const Run run = read_run(folder.path());
  CHECK(run.name == "two words");
  CHECK(run.title() == "vgg08, learning rate 0.01");
  REQUIRE(run.epochs.size() == 2);
  CHECK(run.epochs[0].train_loss == 4.6123456789012345);
  CHECK(run.epochs[1].train_accuracy == 0.0625);
  CHECK(run.epochs[1].validation_loss == 4.125);
  CHECK(run.best().epoch == 1);
  REQUIRE(run.flow.size() == 2);
  REQUIRE(run.flow[1].tensors.size() == 3);
  CHECK(run.flow[0].tensors[0].mean_abs == 4.0123456789012345e-18);
  CHECK(run.flow[1].tensors[1].name.view() == "3.branch.0.weight");
  REQUIRE(run.test.has_value());
  CHECK(run.test->accuracy == 0.1234);
}

TEST_CASE("run: a gradient flow of weights alone, as earlier versions wrote it, is one of weights") {
  const RunFixture folder;
  const Run run = read_run(folder.path());
  for (const lamina::TensorFlow& tensor : run.flow[0].tensors) {
    CHECK(tensor.is_weight);
    CHECK(tensor.kind == "layer");
  }
}

TEST_CASE("run: the kinds of a gradient flow tell weights from biases and from batch norm's gamma") {
  const RunFixture folder;
  folder.write("gradient_flow.csv",
               "epoch,index,layer,mean_abs,l2_norm,max_abs,kind\n1,0,0.weight,1,1,1,conv\n1,1,0.bias,2,1,1,conv\n"
               "1,2,1.weight,3,1,1,batch_norm\n1,3,1.bias,4,1,1,batch_norm\n1,4,9.weight,5,1,1,linear\n");
  const auto tensors = read_run(folder.path()).flow[0].tensors;
  REQUIRE(tensors.size() == 5);
  CHECK(tensors[2].kind == "batch_norm");
  const auto weights = lamina::weight_tensors(tensors);
  REQUIRE(weights.size() == 2);
  CHECK(weights[0].mean_abs == 1);
  CHECK(weights[1].mean_abs == 5);
}

TEST_CASE("run: of equal epochs the first is the best, as in training") {
  const RunFixture folder;
  folder.write(
      "summary.csv",
      "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,1,1,1,1,.1,1\n2,1,1,1,1,.2,1\n3,1,1,1,1,.2,1\n");
  CHECK(read_run(folder.path()).best().epoch == 2);
}

TEST_CASE("run: the best epoch is that of the averages where the weights are averaged, as in training") {
  const RunFixture folder;
  folder.write(
      "summary.csv",
      "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds\n1,1,1,1,1,.1,1\n2,1,1,1,1,.3,1\n3,1,1,1,1,.2,1\n");
  folder.write("average_summary.csv", "epoch,val_loss,val_acc\n2,1,.25\n3,1,.4\n");
  CHECK(read_run(folder.path()).best().epoch == 3);
  CHECK(read_run(folder.path()).best().validation_accuracy == 0.4);
  folder.write("average_summary.csv", "epoch,val_loss,val_acc\n");
  CHECK(read_run(folder.path()).best().epoch == 2);
}

TEST_CASE("run: a run that goes on has no test yet, not even where its file has been begun") {
  const RunFixture folder;
  CHECK_FALSE(read_run(folder.path()).test.has_value());
  folder.write("test_summary.csv", "test_loss,test_acc,best_epoch\n");
  CHECK_FALSE(read_run(folder.path()).test.has_value());
}

TEST_CASE("run: the name is that of the folder, however it is written") {
  const RunFixture folder("a");
  CHECK(read_run(folder.path() / "").name == "a");
  CHECK(read_run(folder.path() / "." / "").name == "a");
}

TEST_CASE("run: a folder that is no run is refused with what is missing or broken") {
  const RunFixture folder;
  CHECK_THROWS_WITH(read_run("/none"), "/none: no such folder");
  SECTION("no configuration") {
    std::filesystem::remove(folder.path() / "config.json");
    check_refused(folder, "config.json", "cannot be opened");
  }
  SECTION("a configuration that is no JSON") {
    folder.write("config.json", "{\"model\": ");
    check_refused(folder, "config.json", "is no configuration of a run: ");
  }
  SECTION("a configuration without a model") {
    folder.write("config.json", "{\"lr\": 1}");
    check_refused(folder, "config.json", "is no configuration of a run: ");
  }
  SECTION("no epoch yet") {
    folder.write("summary.csv", "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second\n");
    check_refused(folder, "summary.csv", "has no finished epoch yet");
  }
  SECTION("no gradient flow yet") {
    folder.write("gradient_flow.csv", "epoch,index,layer,mean_abs,l2_norm,max_abs\n");
    check_refused(folder, "gradient_flow.csv", "has no finished epoch yet");
  }
  SECTION("a column that is missing") {
    folder.write("summary.csv", "epoch,lr,train_loss,train_acc,val_loss,seconds\n1,1,1,1,1,1\n");
    check_refused(folder, "summary.csv", "has no column 'val_acc'");
  }
  SECTION("a cell that is no number") {
    folder.write("test_summary.csv", "test_loss,test_acc,best_epoch\n4.5,high,1\n");
    check_refused(folder, "test_summary.csv", "line 2, column 'test_acc': expected a number, found 'high'");
  }
  SECTION("an epoch with fewer layers") {
    folder.write("gradient_flow.csv", "epoch,layer,mean_abs,l2_norm,max_abs\n1,a,1,1,1\n1,b,1,1,1\n2,a,1,1,1\n");
    check_refused(folder, "gradient_flow.csv", "epoch 2: expected 2 layers as in epoch 1, found 1");
  }
  SECTION("a gradient flow without a weight") {
    folder.write("gradient_flow.csv", "epoch,layer,mean_abs,l2_norm,max_abs,kind\n1,0.bias,1,1,1,conv\n");
    check_refused(folder, "gradient_flow.csv", "has no weight tensor");
  }
  SECTION("a name of a layer that no network has") {
    const std::string name(48, 'x');
    folder.write("gradient_flow.csv", "epoch,layer,mean_abs,l2_norm,max_abs\n1," + name + ",1,1,1\n");
    check_refused(folder, "gradient_flow.csv", "expected names of layers of at most 47 characters, found '" + name);
  }
}

TEST_CASE("run: its title names what is not as in the study") {
  const RunFixture run;
  run.write("config.json", R"({"model": "vgg38", "lr": 0.01, "optimizer": "lamb", "initialization": "he",
                               "weight_decay": 0.0001, "label_smoothing": 0.1, "clip_norm": 2.5})");
  CHECK(read_run(run.path()).title() ==
        "vgg38, learning rate 0.01, lamb, initialisation he, weight decay 0.0001, label smoothing 0.1, clipped at 2.5");
  run.write("config.json", R"({"model": "vgg38", "lr": 0.1, "optimizer": "sgd", "momentum": 0.9, "nesterov": true,
                               "schedule": "one_cycle", "accumulate": 2, "ema": 0.999, "mixup": 0.2, "cutout": 8,
                               "teacher": "a.safetensors"})");
  CHECK(read_run(run.path()).title() ==
        "vgg38, learning rate 0.1, sgd, momentum 0.9, Nesterov, one_cycle, batches in a step 2, EMA 0.999, mixup 0.2, "
        "cutout 8, taught by a.safetensors");
  run.write("config.json", R"({"model": "vgg38", "lr": 0.01, "optimizer": "adam", "initialization": "default",
                               "weight_decay": 0.0, "label_smoothing": 0.0, "clip_norm": null})");
  CHECK(read_run(run.path()).title() == "vgg38, learning rate 0.01");
}
