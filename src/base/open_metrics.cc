// SPDX-License-Identifier: Apache-2.0
#include "base/open_metrics.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace caisson::metrics {
namespace {

constexpr std::size_t longest_exemplar = 128;
constexpr std::string_view total = "_total";

std::string quoted(std::string_view value) {
    std::string text = "\"";
    for (const char c : value) {
        if (c == '\\' || c == '"') {
            text += '\\';
        }
        text += c == '\n' ? std::string("\\n") : std::string(1, c);
    }
    return text + '"';
}

/// Labels as text() writes them: sorted by name.
std::string series_of(const std::string& name, const Labels& labels) {
    std::string text;
    for (const auto& [label, value] : labels) {
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", label, quoted(value));
    }
    return fmt::format("{}{{{}}}", name, text);
}

double number(std::string_view text) {
    if (text == "+Inf") {
        return std::numeric_limits<double>::infinity();
    }
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// A whole number as a bound has its point: "1.0".
std::string canonical(std::string_view bound) {
    const bool is_whole = !bound.empty() && bound.find_first_not_of("0123456789") == bound.npos;
    return std::string(bound) + (is_whole ? ".0" : "");
}

/// In the older format a quotation mark stands as it is.
std::string help_of(std::string_view text) { return replace_all(std::string(text), "\"", "\\\""); }

struct Family {
    std::string help;
    std::string type = "unknown";
    std::vector<std::string> lines;
};

/// The family that a sample belongs to: that of the head before it, unless it says otherwise.
bool belongs(std::string_view line, std::string_view family) {
    return line.starts_with(family) &&
           (line.size() == family.size() || line.substr(family.size()).find_first_of("{ _") == 0);
}

}  // namespace

void Exemplars::add(const std::string& histogram, const Labels& labels, double value,
                    std::pair<std::string, std::string> label, const std::vector<double>& bounds) {
    if (label.first.size() + label.second.size() > longest_exemplar) {
        return;
    }
    const auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
    const std::scoped_lock lock(mutex_);
    newest_[series_of(histogram, labels)][static_cast<std::size_t>(bucket)] = {
        std::move(label), value, std::chrono::system_clock::now()};
}

std::optional<Exemplars::Exemplar> Exemplars::find(const std::string& series, double above,
                                                   double upto) const {
    const std::scoped_lock lock(mutex_);
    if (const auto found = newest_.find(series); found != newest_.end()) {
        for (const auto& [bucket, exemplar] : found->second) {
            if (exemplar.value > above && exemplar.value <= upto) {
                return exemplar;
            }
        }
    }
    return std::nullopt;
}

/// Reads the older text family by family, and writes them.
class OpenMetricsText {
 public:
    explicit OpenMetricsText(const Exemplars& exemplars) : exemplars_(exemplars) {}

    void read(std::string_view text) {
        std::string current;
        while (!text.empty()) {
            const auto end = text.find('\n');
            const auto line = text.substr(0, end);
            text.remove_prefix(end == text.npos ? text.size() : end + 1);
            if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) {
                const auto rest = line.substr(7);
                const auto blank = std::min(rest.find(' '), rest.size());
                current = rest.substr(0, blank);
                const auto what = rest.substr(std::min(blank + 1, rest.size()));
                auto& family = family_of(current);
                (line[2] == 'H' ? family.help : family.type) = what;
            } else if (!line.empty() && line[0] != '#') {
                if (current.empty() || !belongs(line, current)) {
                    current = line.substr(0, line.find_first_of("{ "));
                }
                family_of(current).lines.emplace_back(line);
            }
        }
    }

    std::string written() const {
        std::string text;
        for (const auto& name : order_) {
            write(name, families_.at(name), text);
        }
        return text + "# EOF\n";
    }

 private:
    Family& family_of(const std::string& name) {
        const auto [found, is_new] = families_.try_emplace(name);
        if (is_new) {
            order_.push_back(name);
        }
        return found->second;
    }

    void write(const std::string& name, const Family& family, std::string& text) const {
        auto head = name;
        auto type = family.type == "untyped" ? std::string("unknown") : family.type;
        if (type == "counter") {
            const bool has_total = name.ends_with(total);
            head = has_total ? name.substr(0, name.size() - total.size()) : name;
            if (!has_total || families_.contains(head)) {
                type = "unknown";
                head = name;
            }
        }
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", head, help_of(family.help), type);
        std::string series;
        double below = 0;
        for (const auto& line : family.lines) {
            if (type == "histogram" && line.starts_with(name + "_bucket{")) {
                write_bucket(name, line, series, below, text);
            } else {
                text += line + "\n";
            }
        }
    }

    /// The bound is the last of the labels.
    void write_bucket(const std::string& name, const std::string& line, std::string& series,
                      double& below, std::string& text) const {
        constexpr std::string_view mark = "le=\"";
        const auto begin = line.rfind(mark);
        const auto end = begin == line.npos ? begin : line.find('"', begin + mark.size());
        if (end == line.npos) {
            text += line + "\n";
            return;
        }
        const auto bound = line.substr(begin + mark.size(), end - begin - mark.size());
        auto labels = line.substr(name.size() + 8, begin - name.size() - 8);
        if (labels.ends_with(',')) {
            labels.pop_back();
        }
        const auto whose = fmt::format("{}{{{}}}", name, labels);
        if (whose != series) {
            series = whose;
            below = -std::numeric_limits<double>::infinity();
        }
        text += fmt::format("{}{}{}", line.substr(0, begin + mark.size()), canonical(bound),
                            line.substr(end));
        const auto upto = number(bound);
        if (const auto found = exemplars_.find(series, below, upto)) {
            text += fmt::format(
                " # {{{}={}}} {} {:.3f}", found->label.first, quoted(found->label.second),
                found->value, std::chrono::duration<double>(found->at.time_since_epoch()).count());
        }
        below = upto;
        text += "\n";
    }

    const Exemplars& exemplars_;
    std::map<std::string, Family, std::less<>> families_;
    std::vector<std::string> order_;
};

std::string open_metrics(std::string_view text, const Exemplars& exemplars) {
    OpenMetricsText made(exemplars);
    made.read(text);
    return made.written();
}

bool prefers_open_metrics(std::string_view accept) {
    double open = 0;
    double plain = 0;
    for (const auto& part : split(accept, ',')) {
        const auto fields = split(part, ';');
        const std::string type(trim(fields.front()));
        double quality = 1;
        for (std::size_t i = 1; i < fields.size(); ++i) {
            const std::string field(trim(fields[i]));
            if (field.starts_with("q=")) {
                quality = number(std::string_view(field).substr(2));
            }
        }
        auto& best = type == "application/openmetrics-text" ? open : plain;
        if (&best == &open || type == "text/plain") {
            best = std::max(best, quality);
        }
    }
    return open > 0 && open >= plain;
}

}  // namespace caisson::metrics
