/// @file
/// The fields of the state that torch::optim's optimizers keep for a parameter.
///
/// visit_fields(state, options, visit) calls visit(name, value, required) for each, where value is
/// a Tensor&, an int64_t& or a double&, and required is true if every parameter with state has it.
#pragma once

#include <noisylr/l4.h>
#include <torch/optim/adagrad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/rmsprop.h>
#include <torch/optim/sgd.h>

namespace noisylr {

template <class Visit>
void visit_fields(torch::optim::SGDParamState& state, const torch::optim::SGDOptions&,
                  Visit& visit) {
  visit("momentum_buffer", state.momentum_buffer(), true);
}

template <class State, class Options, class Visit>
void visit_adam_fields(State& state, const Options& options, Visit& visit) {
  visit("step", state.step(), true);
  visit("exp_avg", state.exp_avg(), true);
  visit("exp_avg_sq", state.exp_avg_sq(), true);
  visit("max_exp_avg_sq", state.max_exp_avg_sq(), options.amsgrad());
}

template <class Visit>
void visit_fields(torch::optim::AdamParamState& state, const torch::optim::AdamOptions& options,
                  Visit& visit) {
  visit_adam_fields(state, options, visit);
}

template <class Visit>
void visit_fields(torch::optim::AdamWParamState& state, const torch::optim::AdamWOptions& options,
                  Visit& visit) {
  visit_adam_fields(state, options, visit);
}

template <class Visit>
void visit_fields(torch::optim::AdagradParamState& state, const torch::optim::AdagradOptions&,
                  Visit& visit) {
  visit("step", state.step(), true);
  visit("sum", state.sum(), true);
}

template <class Visit>
void visit_fields(torch::optim::RMSpropParamState& state,
                  const torch::optim::RMSpropOptions& options, Visit& visit) {
  visit("step", state.step(), true);
  visit("square_avg", state.square_avg(), true);
  visit("momentum_buffer", state.momentum_buffer(), options.momentum() > 0);
  visit("grad_avg", state.grad_avg(), options.centered());
}

/// Only L4Adam has exp_avg_sq.
template <class Visit>
void visit_fields(L4ParamState& state, const L4Options&, Visit& visit) {
  visit("step", state.step(), true);
  visit("min_loss", state.min_loss(), true);
  visit("exp_avg", state.exp_avg(), true);
  visit("exp_avg_sq", state.exp_avg_sq(), false);
}

}  // namespace noisylr
