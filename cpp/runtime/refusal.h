// What the core refuses, by a name and the facts of the case. The sentence is Python's: engine/refusals.py has one for each name.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace zerokara {

struct Fact {
  const char* name;
  std::variant<std::int64_t, double, std::string, std::vector<std::string>> value;
};

class Refusal : public std::exception {
 public:
  explicit Refusal(const char* name, std::vector<Fact> facts = {}) : name_(name), facts_(std::move(facts)) {}

  const char* what() const noexcept override { return name_; }
  const std::vector<Fact>& facts() const { return facts_; }

 private:
  const char* name_;
  std::vector<Fact> facts_;
};

// Refuses where that does not hold. Facts are cheap until then: numbers, and no texts.
template <class... Facts>
void expect(bool holds, const char* name, const Facts&... facts) {
  if (!holds) throw Refusal(name, {facts...});
}

}  // namespace zerokara
