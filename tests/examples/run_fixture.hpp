#pragma once

#include <filesystem>
#include <string>

#include "../data/temporary_folder.hpp"
#include "../io/text_file.hpp"

/// A folder as train_cifar100 leaves it, with figures that are known: three layers, two epochs.
class RunFixture {
 public:
  explicit RunFixture(const std::string& name = "run") : path_(folder_.path() / name) {
    std::filesystem::create_directories(path_);
    write("config.json", R"({"model": "vgg08", "lr": 0.01, "epochs": 3, "mean": [0.5, 0.25], "limit": null})");
    write("summary.csv",
          "epoch,lr,train_loss,train_acc,val_loss,val_acc,seconds,images_per_second\n"
          "1,0.01,4.6123456789012345,0.01,4.5,0.125,61,75\n"
          "2,0.005,4.25,0.0625,4.125,0.1,62,76\n");
    write("gradient_flow.csv",
          "epoch,index,layer,mean_abs,l2_norm,max_abs\n"
          "1,0,0.weight,4.0123456789012345e-18,1e-17,1e-16\n1,1,3.branch.0.weight,2e-9,3e-9,1e-8\n"
          "1,2,9.weight,1e-4,2e-4,3e-4\n"
          "2,0,0.weight,0,0,0\n2,1,3.branch.0.weight,2.5e-9,3e-9,1e-8\n2,2,9.weight,1.5e-4,2e-4,3e-4\n");
  }

  /// The gradient flow of the smallest VGG there is, of one stage, in two epochs: with biases and batch norms.
  void write_whole_flow() const {
    std::string rows = "epoch,index,layer,mean_abs,l2_norm,max_abs,kind\n";
    for (const std::string epoch : {"1", "2"}) {
      rows += epoch + ",0,0.weight,1e-5,1,1,conv\n" + epoch + ",1,1.weight,3e-3,1,1,batch_norm\n" + epoch +
              ",2,1.bias,1e-1,1,1,batch_norm\n" + epoch + ",3,3.weight,2e-5,1,1,conv\n" + epoch +
              ",4,3.bias,1e-12,1,1,conv\n" + epoch + ",5,4.weight,4e-3,1,1,batch_norm\n" + epoch +
              ",6,4.bias,1e-1,1,1,batch_norm\n" + epoch + ",7,7.weight,3e-5,1,1,conv\n" + epoch +
              ",8,7.bias,1e-12,1,1,conv\n" + epoch + ",9,11.weight,4e-5,1,1,linear\n" + epoch +
              ",10,11.bias,1e-12,1,1,linear\n";
    }
    write("gradient_flow.csv", rows);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string text(const std::string& file) const { return read_text(path_ / file); }
  void write(const std::string& file, const std::string& text) const { std::ofstream(path_ / file) << text; }
  void write_test() const { write("test_summary.csv", "test_loss,test_acc,best_epoch\n4.5,0.1234,1\n"); }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_;
};
