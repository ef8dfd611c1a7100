#include "noisylr/noise.h"

#include <cmath>
#include <fstream>
#include <map>
#include <numbers>
#include <set>
#include <stdexcept>

#include "check.h"

namespace noise_test {

using namespace noisylr;

namespace {

using Row = std::map<std::string, std::string>;

/// The rows of a CSV file without quotes, by column name.
std::vector<Row> read_csv(const std::string& name) {
  std::ifstream file(name);
  EXPECT(file.is_open());
  const auto cells = [](const std::string& line) {
    std::vector<std::string> result;
    std::istringstream rest(line);
    for (std::string cell; std::getline(rest, cell, ',');) result.push_back(cell);
    return result;
  };
  std::string line;
  std::getline(file, line);
  const auto header = cells(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const auto values = cells(line);
    EXPECT_EQ(values.size(), header.size());
    Row& row = rows.emplace_back();
    for (size_t i = 0; i < header.size(); ++i) row[header[i]] = values[i];
  }
  return rows;
}

NoiseSpec spec_of(const Row& row) {
  NoiseSpec spec;
  const double first = std::stod(row.at("param1")), second = std::stod(row.at("param2"));
  if (row.at("distribution") == "uniform") {
    spec = NoiseSpec::uniform(first, second);
  } else if (row.at("distribution") == "log-uniform") {
    spec = NoiseSpec::log_uniform(first, second);
  } else if (row.at("distribution") == "gaussian") {
    spec = NoiseSpec::gaussian(first, second);
  } else {
    EXPECT_EQ(row.at("distribution"), "none");
  }
  spec.first_epoch = std::stoll(row.at("first_epoch"));
  spec.per_step = row.at("draw") == "step";
  spec.independent_groups = row.at("groups") == "independent";
  spec.seed = static_cast<uint64_t>(std::stoll(row.at("seed")));
  return spec;
}

double ulp(double x) { return std::nextafter(std::abs(x), kInfinity) - std::abs(x); }

/// Uniform noise in epochs 80 to 199 of 200.
NoiseSpec paper() {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.first_epoch = first_noisy_epoch(0.6, 200);
  spec.seed = 42;
  return spec;
}

}  // namespace

TEST(philox_known_answers) {
  using Words = std::array<uint32_t, 4>;
  EXPECT((philox(0, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT((philox(42, 7, 3) == Words{0x659ef2d0, 0xb60225b4, 0x14334a91, 0x99097b19}));
  EXPECT((philox(~0ULL, ~0ULL, ~0ULL) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
}

TEST(golden_vectors) {
  const auto rows = read_csv("noise.csv");
  EXPECT(rows.size() > 150);
  for (const Row& row : rows) {
    const NoiseSpec spec = spec_of(row);
    const int64_t epoch = std::stoll(row.at("epoch"));
    const int64_t step = std::stoll(row.at("step"));
    const uint64_t group = std::stoull(row.at("group"));
    const auto words = philox(spec.seed, static_cast<uint64_t>(spec.per_step ? step : epoch),
                              spec.independent_groups ? group : 0);
    for (size_t i = 0; i < words.size(); ++i) {
      EXPECT_EQ(words[i], std::stoul(row.at("w" + std::to_string(i)), nullptr, 16));
    }
    const double expected = std::strtod(row.at("factor").c_str(), nullptr);
    const double actual = factor(spec, epoch, step, group);
    if (spec.distribution == Distribution::kGaussian) {
      const double scale = std::max(std::abs(spec.mean), std::abs(expected - spec.mean));
      EXPECT(std::abs(actual - expected) <= 3 * ulp(scale));
    } else if (spec.distribution == Distribution::kLogUniform) {
      const double logs = std::abs(std::log(spec.low)) + std::abs(std::log(spec.high));
      EXPECT(std::abs(actual - expected) <= 4 * ulp(expected) * (1 + logs));
    } else {
      EXPECT_EQ(actual, expected);
    }
  }
}

TEST(golden_windows) {
  const auto rows = read_csv("window.csv");
  EXPECT(rows.size() > 500);
  for (const Row& row : rows) {
    EXPECT_EQ(first_noisy_epoch(std::stod(row.at("beta")), std::stoll(row.at("epochs"))),
              std::stoll(row.at("first_epoch")));
  }
}

TEST(factor_is_one_before_the_window_and_drawn_from_its_first_epoch_on) {
  const NoiseSpec spec = paper();
  EXPECT_EQ(spec.first_epoch, 80);
  std::set<double> drawn;
  for (int64_t epoch = 0; epoch < 200; ++epoch) {
    const double f = factor(spec, epoch, 391 * epoch, 0);
    EXPECT_EQ(factor(spec, epoch, 391 * epoch + 390, 5), f);
    if (epoch < 80) {
      EXPECT_EQ(f, 1.0);
    } else {
      EXPECT(f > 0 && f < 8);
      drawn.insert(f);
    }
  }
  EXPECT_EQ(drawn.size(), size_t{120});
}

TEST(draws_by_step_and_by_group_depend_on_just_these) {
  NoiseSpec spec = NoiseSpec::uniform(8);
  spec.per_step = true;
  EXPECT_EQ(factor(spec, 3, 7, 0), factor(spec, 4, 7, 1));
  EXPECT(factor(spec, 3, 7, 0) != factor(spec, 3, 8, 0));
  spec.independent_groups = true;
  EXPECT(factor(spec, 3, 7, 0) != factor(spec, 3, 7, 1));
  EXPECT_EQ(factor(spec, 4, 7, 1), factor(spec, 3, 7, 1));
}

// Sample mean and variance of n = 100,000 draws within 5 standard errors of theory.
TEST(moments_equal_the_formulas) {
  struct Case {
    NoiseSpec spec;
    double mean, variance, kurtosis;
  };
  const double n = 100'000;
  for (const auto& [spec, mean, variance, kurtosis] :
       {Case{NoiseSpec::uniform(8), 4, 64.0 / 12, 1.8}, Case{NoiseSpec::gaussian(4, 1), 4, 1, 3},
        Case{NoiseSpec::uniform(0.5, 1.5), 1, 1.0 / 12, 1.8},
        Case{NoiseSpec::log_uniform(1, std::numbers::e), std::numbers::e - 1,
             (std::pow(std::numbers::e, 2) - 1) / 2 - std::pow(std::numbers::e - 1, 2), 1.9},
        Case{NoiseSpec::gaussian(-1, 2.5), -1, 6.25, 3}}) {
    double sum = 0, squares = 0;
    for (int64_t epoch = 0; epoch < 100'000; ++epoch) {
      const double deviation = factor(spec, epoch, 0, 0) - mean;
      sum += deviation;
      squares += deviation * deviation;
    }
    EXPECT(std::abs(sum / n) < 5 * std::sqrt(variance / n));
    EXPECT(std::abs(squares / n - variance) < 5 * variance * std::sqrt((kurtosis - 1) / n));
  }
}

TEST(realised_rate_is_clamped_in_noisy_epochs_only) {
  NoiseSpec spec = paper();
  spec.min_lr = 0.2;
  spec.max_lr = 0.3;
  EXPECT_EQ(realised(spec, 0.01, 79, 0, 0), 0.01);
  EXPECT_EQ(realised(spec, 9.0, 79, 0, 0), 9.0);
  for (int64_t epoch = 80; epoch < 200; ++epoch) {
    const double product = 0.1 * factor(spec, epoch, 0, 0);
    EXPECT_EQ(realised(spec, 0.1, epoch, 0, 0), std::min(std::max(product, 0.2), 0.3));
  }
}

TEST(a_negative_draw_becomes_the_least_rate) {
  const NoiseSpec spec = NoiseSpec::gaussian(-100, 1);
  EXPECT_EQ(realised(spec, 0.1, 0, 0, 0), 0.0);
  EXPECT(!std::signbit(realised(spec, 0.0, 0, 0, 0)));
}

TEST(no_noise_neither_multiplies_nor_clamps) {
  NoiseSpec spec = NoiseSpec::none();
  spec.max_lr = 0.01;
  EXPECT_EQ(factor(spec, 5, 0, 0), 1.0);
  EXPECT_EQ(realised(spec, 0.1, 5, 0, 0), 0.1);
}

TEST(an_undefined_rate_stays_undefined) {
  EXPECT(std::isnan(realised(NoiseSpec::uniform(8), std::nan(""), 0, 0, 0)));
}

TEST(bad_values_are_rejected_with_field_value_and_interval) {
  using Bad = std::invalid_argument;
  EXPECT_THROWS(Bad, NoiseSpec::uniform(-1), "alpha must be greater than 0, but is -1");
  EXPECT_THROWS(Bad, NoiseSpec::uniform(0), "alpha must be greater than 0, but is 0");
  EXPECT_THROWS(Bad, NoiseSpec::uniform(std::nan("")), "alpha must be finite, but is nan");
  EXPECT_THROWS(Bad, NoiseSpec::uniform(kInfinity), "alpha must be finite, but is inf");
  EXPECT_THROWS(Bad, NoiseSpec::uniform(-1, 1), "low must be at least 0, but is -1");
  EXPECT_THROWS(Bad, NoiseSpec::uniform(2, 2), "high must be greater than 2, but is 2");
  EXPECT_THROWS(Bad, NoiseSpec::log_uniform(0, 2), "low must be greater than 0, but is 0");
  EXPECT_THROWS(Bad, NoiseSpec::log_uniform(1, std::nan("")), "high must be finite, but is nan");
  EXPECT_THROWS(Bad, NoiseSpec::gaussian(-kInfinity, 1), "mean must be finite, but is -inf");
  EXPECT_THROWS(Bad, NoiseSpec::gaussian(4, -0.1), "std must be greater than 0, but is -0.1");
  const auto with = [](auto change) {
    NoiseSpec spec;
    change(spec);
    spec.validate();
  };
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.first_epoch = -3; }),
                "first_epoch must be at least 0, but is -3");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.steps_per_epoch = -1; }),
                "steps_per_epoch must be at least 0, but is -1");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.min_lr = -1e-3; }),
                "min_lr must be at least 0, but is -0.001");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.min_lr = kInfinity; }),
                "min_lr must be finite, but is inf");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.min_lr = 0.3, s.max_lr = 0.1; }),
                "max_lr must be at least 0.3, but is 0.1");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.max_lr = std::nan(""); }),
                "max_lr must be at least 0, but is nan");
  EXPECT_THROWS(Bad, with([](NoiseSpec& s) { s.distribution = Distribution{7}; }),
                "distribution must be in {0, 1, 2, 3}, but is 7");
  EXPECT_THROWS(Bad, first_noisy_epoch(1.2, 10), "beta must be in [0, 1], but is 1.2");
  EXPECT_THROWS(Bad, first_noisy_epoch(std::nan(""), 10), "beta must be in [0, 1], but is nan");
  EXPECT_THROWS(Bad, first_noisy_epoch(0.5, 0), "epochs must be at least 1, but is 0");
}

TEST(specifications_compare_by_value) {
  NoiseSpec spec = NoiseSpec::uniform(8);
  EXPECT(spec == NoiseSpec::uniform(8));
  spec.seed = 1;
  EXPECT(spec != NoiseSpec::uniform(8));
}

}  // namespace noise_test
