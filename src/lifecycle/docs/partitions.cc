// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/docs/partitions.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/docs/markdown.h"

namespace caisson::docs {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `FOR VALUES FROM ('2026-10-01 …') TO (…)`.
bool is_of_time(const Partition& partition) {
    const auto at = partition.bounds.find("FROM ('");
    return at != std::string::npos && at + 12 <= partition.bounds.size() &&
           std::all_of(partition.bounds.begin() + static_cast<long>(at) + 7,
                       partition.bounds.begin() + static_cast<long>(at) + 11, is_digit) &&
           partition.bounds[at + 11] == '-';
}

std::string with_figures_hidden(std::string text) {
    std::ranges::replace_if(text, is_digit, 'N');
    return text;
}

/// What a row of the grid is made of.
struct Series {
    const Partition* first = nullptr;
    bool is_series = false;
    std::vector<std::string> own;  ///< What its members have for themselves, each once.
    std::set<std::string> comments;
};

/// `index x_NNNN: …`, without names and definitions that are a member's alone.
std::string own_text(const Partition& partition, const Thing& thing, bool is_series) {
    const auto name = own_name(thing.name);
    if (!is_series) {
        return fmt::format("{} {}: {}", thing.kind, code(name), code(thing.definition));
    }
    const auto definition =
        replace_all(thing.definition, own_name(partition.name), own_name(series_of(partition)));
    const bool is_alike = definition.find("20") == std::string::npos;
    return fmt::format("{} {}{}", thing.kind, code(with_figures_hidden(name)),
                       is_alike ? ": " + code(definition) : "");
}

}  // namespace

std::string series_of(const Partition& partition) {
    return is_of_time(partition) ? with_figures_hidden(partition.name) : partition.name;
}

std::string partitions_section(const Table& table) {
    std::vector<std::string> order;
    std::map<std::string, Series> all;
    for (const auto& partition : table.partitions) {
        const auto name = series_of(partition);
        auto& series = all[name];
        if (!series.first) {
            series.first = &partition;
            series.is_series = is_of_time(partition);
            order.push_back(name);
        }
        for (const auto& thing : partition.own) {
            auto text = own_text(partition, thing, series.is_series);
            if (std::ranges::count(series.own, text) == 0) {
                series.own.push_back(std::move(text));
            }
        }
        series.comments.insert(partition.comment);
    }
    Grid grid({"partition", "of", "rows", "itself divided", "its own", "about"});
    for (const auto& name : order) {
        const auto& series = all[name];
        grid.add({code(short_name(name)), code(short_name(series.first->parent)),
                  series.is_series ? "a range of time each" : code(series.first->bounds),
                  code(series.first->partitioned), join(series.own, "<br>"),
                  series.comments.size() == 1 ? cell_text(*series.comments.begin()) : ""});
    }
    return grid.empty() ? "" : "\n**Partitions**\n\n" + grid.text();
}

}  // namespace caisson::docs
