#include <lamina/models/cifar_networks.hpp>

#include "../catch.hpp"
#include "../network/naive_checks.hpp"

using namespace lamina;
using test::check_against_naive;

// Not beside the networks: every program that includes them would compile all of them.
static_assert(ResNet20::parameter_count == 278'324);
static_assert(ResNet32::parameter_count == 472'756);
static_assert(ResNet56::parameter_count == 861'620);
static_assert(ResNet110::parameter_count == 1'736'564);
static_assert(SEResNet20::parameter_count == 280'697);
static_assert(WideResNet16x4::parameter_count == 2'772'020);
static_assert(DenseNetBC40x12::parameter_count == 188'092);
static_assert(CifarLeNet5::parameter_count == 90'776);
static_assert(CifarSeparableNet::parameter_count == 228'772);
static_assert(LeNet5<>::parameter_count == 61'706);
// As in the papers, on ten classes.
static_assert(WideResNet<28, 10, Image<32, 32, 3>, 10>::parameter_count == 36'479'194);
static_assert(DenseNetBC<100, 12, Image<32, 32, 3>, 10>::parameter_count == 769'162);

namespace {

/// Of images and classes that no table has.
using Small = Image<12, 8, 2>;

}  // namespace

TEST_CASE("models: take any image size and number of classes") {
  STATIC_REQUIRE(ResNet<8, Small, 7>::output_shape == Shape{1, 1, 7});
  STATIC_REQUIRE(SEResNet<8, Small, 7>::output_shape == Shape{1, 1, 7});
  STATIC_REQUIRE(WideResNet<10, 2, Small, 7>::output_shape == Shape{1, 1, 7});
  STATIC_REQUIRE(DenseNetBC<10, 4, Small, 7>::output_shape == Shape{1, 1, 7});
  STATIC_REQUIRE(LeNet5<Image<27, 14, 2>, 7>::output_shape == Shape{1, 1, 7});
  STATIC_REQUIRE(SeparableNet<Small, 7>::output_shape == Shape{1, 1, 7});
  SUCCEED();
}

TEST_CASE("models: are found by their names") {
  visit_network(kCifarNetworks, "resnet56", []<class Network>(const NamedNetwork<Network>&) {
    STATIC_REQUIRE((!std::is_same_v<Network, ResNet56> || Network::size == 3 + 2 * 27 + 2));
  });
  CHECK(names_of(kCifarNetworks) == vgg_names() + ", " + names_of(kOtherCifarNetworks));
  CHECK(names_of(kOtherCifarNetworks) ==
        "resnet20, resnet32, resnet56, resnet110, se-resnet20, wide-resnet-16-4, densenet-bc-40-12, lenet5, separable");
  CHECK_THROWS_WITH(visit_network(kOtherCifarNetworks, "resnet21", [](const auto&) {}),
                    "unknown model 'resnet21', expected one of: " + names_of(kOtherCifarNetworks));
}

TEST_CASE("naive: small models of each family") {
  check_against_naive<SEResNet<8, Small, 5, 8>>();
  check_against_naive<WideResNet<10, 1, Small, 5>>();
  check_against_naive<DenseNetBC<10, 4, Small, 5>>();
  check_against_naive<LeNet5<Image<14, 13, 2>, 5>>();
}
