#include "numerical/inputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace zerokara {

namespace {

constexpr long padding = 16;  // values that a kernel may read at once

int table_bits(long fan_in) {
  int bits = 1;
  while ((1L << bits) < 2 * (fan_in + 1)) ++bits;
  return bits;
}

// Finds the groups of inputs in an open-addressing table of group numbers. Written without branches on the data, which no
// processor could predict.
class GroupTable {
 public:
  // values: (stride,); the last of them marks a free place, because it equals nothing.
  GroupTable(double* values, long stride, std::int32_t* table, int bits)
      : values_(values), free_(static_cast<std::int32_t>(stride - 1)), table_(table), bits_(bits) {
    values_[free_] = std::numeric_limits<double>::quiet_NaN();
    std::fill(table, table + (1L << bits), free_);
  }

  // The group of x, which is `next` if there was none.
  std::int32_t find(double x, std::int32_t next) {
    std::uint64_t key;
    std::memcpy(&key, &x, sizeof key);
    std::uint64_t at = (key * 0x9E3779B97F4A7C15u) >> (64 - bits_);  // Knuth's multiplicative hashing, by the golden ratio
    while ((table_[at] != free_) & (values_[table_[at]] != x)) at = (at + 1) & ((std::uint64_t{1} << bits_) - 1);
    return table_[at] = table_[at] == free_ ? next : table_[at];
  }

 private:
  double* values_;
  std::int32_t free_;
  std::int32_t* table_;
  int bits_;
};

// The bias, then the positions of the inputs that are not zero. Returns how many.
int find_inputs(const double* input, long fan_in, std::int32_t* found) {
  int count = 0;
  found[count++] = static_cast<std::int32_t>(fan_in);
  for (long i = 0; i < fan_in; ++i) {
    found[count] = static_cast<std::int32_t>(i);
    count += input[i] != 0;
  }
  return count;
}

// Sorts positions by group, in their order within one. On entry begin[g] counts group g.
void sort_positions(const std::int32_t* found, const std::int32_t* group_of, int count, int groups, std::int32_t* begin,
                    std::int32_t* position) {
  for (int g = 1; g < groups; ++g) begin[g] += begin[g - 1];
  for (int k = count - 1; k >= 0; --k) position[--begin[group_of[k]]] = found[k];
  begin[groups] = count;
}

// Groups equal inputs. Returns how many groups there are; begin[g] counts group g.
int group_equal(const double* input, const std::int32_t* found, int count, GroupTable table, double* value, std::int32_t* begin,
                std::int32_t* group_of) {
  int g = 0;
  for (int k = 0; k < count; ++k) {
    const double x = k == 0 ? 1 : input[found[k]];
    group_of[k] = table.find(x, g);
    value[g] = x, begin[g] = 0;  // is overwritten unless the group is new
    g += group_of[k] == g;
    ++begin[group_of[k]];
  }
  return g;
}

double largest_of(const double* values, int count) {
  double most = 0;
  for (int g = 0; g < count; ++g) most = std::max(most, std::abs(values[g]));
  return most;
}

}  // namespace

long group_stride(long fan_in) { return (fan_in + 2 + padding + 7) / 8 * 8; }

long group_table_size(long fan_in) { return (1L << table_bits(fan_in)) + 2 * (fan_in + 2); }

void group_inputs(const double* input, long fan_in, bool repeated, long n, const InputGroups& groups, std::int32_t* table) {
  double* value = groups.value + n * groups.stride;
  std::int32_t *begin = groups.begin + n * groups.stride, *position = groups.position + n * groups.stride;
  const int bits = table_bits(fan_in);
  std::int32_t *found = table + (1L << bits), *group_of = found + fan_in + 2;
  const int count = find_inputs(input, fan_in, found);
  int g = count;
  if (repeated) {
    g = group_equal(input, found, count, GroupTable(value, groups.stride, table, bits), value, begin, group_of);
    sort_positions(found, group_of, count, g, begin, position);
  } else {
    for (int k = 0; k < count; ++k) value[k] = k == 0 ? 1 : input[found[k]], begin[k] = k, position[k] = found[k];
    begin[count] = count;
  }
  groups.count[n] = g;
  groups.largest[n] = largest_of(value, g);
  std::fill(value + g, value + g + padding, 0.0);
}

}  // namespace zerokara
