// Options of a group that are of another class than the optimizer's.

#include <memory>
#include <stdexcept>
#include <string>

#include "check.h"
#include "noisylr/l4.h"
#include "noisylr/noisy.h"
#include "noisylr/state.h"
#include "problem.h"

namespace options_test {

using namespace noisylr;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

namespace {

/// All uses of the options of the first group, once these are of another class.
template <class Optimizer, class Foreign>
void expect_foreign_options_refused(Optimizer& optimizer, const Problem& problem, Foreign foreign,
                                    const std::string& own) {
  const std::string message = "the options of parameter group 0 must be " + own;
  InputArchive archive = archived(optimizer);
  optimizer.param_groups()[0].set_options(std::make_unique<Foreign>(foreign));
  OutputArchive out;
  EXPECT_THROWS(std::invalid_argument, optimizer.step([&] { return problem.loss(); }), message);
  EXPECT_THROWS(std::invalid_argument, optimizer.save(out), message);
  EXPECT_THROWS(std::invalid_argument, optimizer.load(archive), message);
  EXPECT_THROWS(std::invalid_argument, optimizer_state(optimizer), message);
  EXPECT_THROWS(std::invalid_argument, load_optimizer_state(optimizer, {}, {}), message);
}

}  // namespace

TEST(options_of_a_derived_class_are_as_good_as_their_own) {
  struct Derived final : torch::optim::SGDOptions {
    using SGDOptions::SGDOptions;
  };
  Problem problem, expected;
  NoisySGD derived(problem.parameters(), options<torch::optim::SGD>());
  NoisySGD own(expected.parameters(), options<torch::optim::SGD>());
  derived.param_groups()[0].set_options(std::make_unique<Derived>(0.1));
  own.param_groups()[0].set_options(std::make_unique<torch::optim::SGDOptions>(0.1));
  train(derived, problem, 2);
  train(own, expected, 2);
  EXPECT(problem == expected);
}

TEST(options_of_another_class_are_rejected) {
  const torch::optim::RMSpropOptions rmsprop(0.1);
  Problem problem;
  for (const auto implementation : {Implementation::kFused, Implementation::kStock}) {
    NoisySGD sgd(problem.parameters(), options<torch::optim::SGD>());
    sgd.implementation(implementation);
    sgd.step([&] { return problem.loss(); });
    expect_foreign_options_refused(sgd, problem, rmsprop, "torch::optim::SGDOptions");
    EXPECT_THROWS(std::invalid_argument, sgd.step(), "the options of parameter group 0 must be");
    NoisyAdam adam(problem.parameters(), options<torch::optim::Adam>());
    adam.implementation(implementation);
    expect_foreign_options_refused(adam, problem, rmsprop, "torch::optim::AdamOptions");
  }
  L4Mom l4(problem.parameters());
  expect_foreign_options_refused(l4, problem, rmsprop, "noisylr::L4Options");
}

}  // namespace options_test
