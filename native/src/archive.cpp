#include "archive.h"

#include <set>
#include <sstream>
#include <string>

#include "check.h"

namespace noisylr {
namespace {

using torch::optim::OptimizerOptions;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;
using Names = std::set<std::string>;

/// The format that LibTorch writes for an optimizer.
constexpr const char* kFormat = "1.5.0";

Names names_in(InputArchive& archive) {
  const auto keys = archive.keys();
  return {keys.begin(), keys.end()};
}

/// The names under which options are archived.
Names option_names(const OptimizerOptions& options) {
  OutputArchive written;
  options.serialize(written);
  std::stringstream stream;
  written.save_to(stream);
  InputArchive read;
  read.load_from(stream);
  return names_in(read);
}

std::string joined(const Names& names) {
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : ", ") + name;
  return joined;
}

/// LibTorch's optimizer that has these options.
const char* optimizer_with(const Names& options) {
  constexpr std::pair<const char*, const char*> kOwn[] = {{"betas", "Adam or AdamW"},
                                                          {"dampening", "SGD"},
                                                          {"lr_decay", "Adagrad"},
                                                          {"centered", "RMSprop"},
                                                          {"max_iter", "LBFGS"}};
  for (const auto& [option, name] : kOwn) {
    if (options.contains(option)) return name;
  }
  return "another optimizer";
}

InputArchive nested(InputArchive& archive, const std::string& key) {
  InputArchive nested;
  if (!archive.try_read(key, nested)) reject("the archive holds no optimizer: it has no ", key);
  return nested;
}

size_t size_in(InputArchive& archive, const std::string& key) {
  at::Tensor size;
  if (!archive.try_read(key, size)) reject("the archive holds no optimizer: it has no ", key);
  return static_cast<size_t>(size.item<int64_t>());
}

}  // namespace

void check_archive(const torch::optim::Optimizer& optimizer, InputArchive& archive) {
  c10::IValue format;
  if (!archive.try_read("pytorch_version", format) || !format.isString() ||
      format.toStringRef() != kFormat) {
    reject("the archive holds no optimizer, or one of another LibTorch");
  }
  nested(archive, "state");
  InputArchive saved_groups = nested(archive, "param_groups");
  const auto& groups = optimizer.param_groups();
  const size_t count = size_in(saved_groups, "param_groups/size");
  for (size_t g = 0; g < std::min(count, groups.size()); ++g) {
    InputArchive saved = nested(saved_groups, "param_groups/" + std::to_string(g));
    InputArchive saved_options = nested(saved, "options");
    const Names there = names_in(saved_options);
    const Names here = option_names(groups[g].options());
    if (there != here) {
      reject("the archive is of ", optimizer_with(there), ", not of ", optimizer_with(here),
             ": its options are ", joined(there), ", not ", joined(here));
    }
    const size_t size = size_in(saved, "params/size");
    if (size != groups[g].params().size()) {
      reject("the number of parameters in group ", g, " is ", size, " in the archive, but ",
             groups[g].params().size(), " in the optimizer");
    }
  }
  if (count != groups.size()) {
    reject("the number of parameter groups is ", count, " in the archive, but ", groups.size(),
           " in the optimizer");
  }
}

}  // namespace noisylr
