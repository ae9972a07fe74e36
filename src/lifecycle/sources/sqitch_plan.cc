// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/sqitch_plan.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "lifecycle/sources/loading.h"
#include "lifecycle/sources/naming.h"

namespace caisson::sources::sqitch {
namespace {

std::string_view trim_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? text.substr(0, 0)
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `\n`, `\r` and `\\` in a note stand for themselves.
std::string unescaped(std::string_view note) {
    std::string result;
    for (std::size_t i = 0; i < note.size(); ++i) {
        const char next = note[i] == '\\' && i + 1 < note.size() ? note[i + 1] : '\0';
        if (next == 'n' || next == 'r' || next == '\\') {
            result += next == 'n' ? '\n' : next == 'r' ? '\r' : '\\';
            ++i;
        } else {
            result += note[i];
        }
    }
    return result;
}

/// The length of `2013-12-30T23:49:00Z` at the start; 0 when it is none.
std::size_t moment_length(std::string_view text) {
    constexpr std::string_view shape = "0000-00-00T00:00:00Z";
    if (text.size() < shape.size()) {
        return 0;
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == '0' ? !is_number(text.substr(i, 1)) : text[i] != shape[i]) {
            return 0;
        }
    }
    return shape.size();
}

/// `Name <mail>`.
bool read_planner(std::string_view text, std::string& name, std::string& email) {
    const auto open = text.find('<');
    const auto close = text.rfind('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open ||
        close + 1 != text.size()) {
        return false;
    }
    name = trim_blanks(text.substr(0, open));
    email = text.substr(open + 1, close - open - 1);
    return !name.empty() && !email.empty();
}

/// A line of the plan's body, taken apart.
struct Line {
    bool is_tag = false;
    std::string name;
    std::vector<Dependency> dependencies;
    std::string planned_at;
    std::string planner_name;
    std::string planner_email;
    std::string note;
};

class Parser {
 public:
    Parser(const std::string& file, std::vector<Mistake>& mistakes)
        : file_(file), mistakes_(mistakes) {}

    Plan run(std::string_view text) {
        bool in_header = true;
        each_line(text, [&](std::string_view line, std::size_t, std::size_t) {
            ++number_;
            const auto content = trim_blanks(line);
            if (content.empty()) {
                in_header = false;
            } else if (content.front() == '#') {
                // A comment has a line of its own.
            } else if (in_header && content.front() == '%') {
                read_pragma(content);
            } else {
                in_header = false;
                read_entry(content);
            }
        });
        if (plan_.project.empty()) {
            number_ = 0;
            complain("has no line %project=NAME");
        }
        return std::move(plan_);
    }

 private:
    void complain(std::string message) {
        mistakes_.push_back({{file_, number_, 0}, std::move(message)});
    }

    void read_pragma(std::string_view line) {
        line = trim_blanks(line.substr(0, line.find('#')));
        const auto equals = line.find('=');
        const auto name = trim_blanks(line.substr(1, equals == line.npos ? line.npos : equals - 1));
        // The value of a URI may hold a #, which begins a note all the same.
        const auto value =
            equals == line.npos ? "" : std::string(trim_blanks(line.substr(equals + 1)));
        if (name == "project") {
            plan_.project = value;
        } else if (name == "uri") {
            plan_.uri = value;
        }
    }

    std::optional<Line> take_apart(std::string_view text) {
        Line line;
        const auto hash = text.find('#');
        if (hash != std::string_view::npos) {
            line.note = unescaped(trim_blanks(text.substr(hash + 1)));
        }
        auto rest = trim_blanks(text.substr(0, hash));
        line.is_tag = rest.starts_with('@');
        if (line.is_tag || rest.starts_with('+')) {
            rest = trim_blanks(rest.substr(1));
        }
        const auto end = std::min(rest.find_first_of(" \t"), rest.size());
        line.name = rest.substr(0, end);
        rest = trim_blanks(rest.substr(end));
        if (rest.starts_with('[')) {
            const auto close = rest.find(']');
            if (close == std::string_view::npos) {
                complain("the list of dependencies has no ]");
                return std::nullopt;
            }
            read_dependencies(rest.substr(1, close - 1), line);
            rest = trim_blanks(rest.substr(close + 1));
        }
        const auto moment = moment_length(rest);
        line.planned_at = rest.substr(0, moment);
        rest = trim_blanks(rest.substr(moment));
        const bool has_planner = read_planner(rest, line.planner_name, line.planner_email);
        if (line.name.empty() || line.name.find_first_of(":@\\") != std::string::npos) {
            complain(fmt::format("\"{}\" is no name of a change", line.name));
            return std::nullopt;
        }
        if (moment == 0 || !has_planner) {
            complain(moment == 0 ? "no time such as 2013-12-30T23:49:00Z after the name"
                                 : "no planner such as Name <mail@example.com> after the time");
            return std::nullopt;
        }
        return line;
    }

    void read_dependencies(std::string_view text, Line& line) {
        while (!(text = trim_blanks(text)).empty()) {
            const auto end = std::min(text.find_first_of(" \t"), text.size());
            auto word = text.substr(0, end);
            Dependency dependency;
            dependency.is_conflict = word.starts_with('!');
            word.remove_prefix(dependency.is_conflict ? 1 : 0);
            // An old spelling of what is required.
            word.remove_prefix(word.starts_with(':') ? 1 : 0);
            dependency.text = word;
            line.dependencies.push_back(std::move(dependency));
            text = text.substr(end);
        }
    }

    void read_entry(std::string_view text) {
        auto line = take_apart(text);
        if (!line) {
            return;
        }
        if (line->is_tag) {
            add_tag(std::move(*line));
        } else {
            add_change(std::move(*line));
        }
    }

    void add_tag(Line line) {
        if (plan_.changes.empty()) {
            complain(fmt::format("the tag @{} has no change before it", line.name));
            return;
        }
        if (!tags_.insert(line.name).second) {
            complain(fmt::format("the tag @{} is there twice", line.name));
            return;
        }
        since_tag_.clear();
        plan_.changes.back().tags.push_back({std::move(line.name), std::move(line.planned_at),
                                             std::move(line.planner_name),
                                             std::move(line.planner_email), std::move(line.note)});
    }

    void add_change(Line line) {
        if (!since_tag_.insert(line.name).second) {
            complain(
                fmt::format("the change {} is there twice since the last tag; sqitch rework "
                            "needs a tag between",
                            line.name));
            return;
        }
        rework(line.name);
        Change change;
        change.name = std::move(line.name);
        change.dependencies = std::move(line.dependencies);
        change.planned_at = std::move(line.planned_at);
        change.planner_name = std::move(line.planner_name);
        change.planner_email = std::move(line.planner_email);
        change.note = std::move(line.note);
        change.line = number_;
        plan_.changes.push_back(std::move(change));
    }

    /// The last change of this name gets the tags since, the newest first and its own at the end.
    void rework(const std::string& name) {
        auto& changes = plan_.changes;
        const auto before = std::find_if(changes.rbegin(), changes.rend(),
                                         [&](const auto& each) { return each.name == name; });
        if (before == changes.rend()) {
            return;
        }
        for (auto later = changes.rbegin(); later <= before; ++later) {
            for (const auto& tag : later->tags) {
                before->rework_tags.push_back(tag.name);
            }
        }
    }

    const std::string& file_;
    std::vector<Mistake>& mistakes_;
    std::size_t number_ = 0;
    std::set<std::string> tags_;
    std::set<std::string> since_tag_;
    Plan plan_;
};

}  // namespace

std::string Change::key() const {
    return rework_tags.empty() ? name : name + "@" + rework_tags.front();
}

Plan parse_plan(std::string_view text, const std::string& file, std::vector<Mistake>& mistakes) {
    return Parser(file, mistakes).run(without_mark(text));
}

std::map<std::string, std::string> parse_settings(std::string_view text) {
    std::map<std::string, std::string> settings;
    std::string section;
    each_line(without_mark(text), [&](std::string_view line, std::size_t, std::size_t) {
        const auto content = trim(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') {
            return;
        }
        if (content.front() == '[') {
            const auto inside = content.substr(1, content.find(']') - 1);
            const auto quote = inside.find('"');
            section = lower(trim(inside.substr(0, quote)));
            if (quote != std::string_view::npos) {
                section +=
                    "." + std::string(inside.substr(quote + 1, inside.rfind('"') - quote - 1));
            }
            return;
        }
        const auto equals = content.find('=');
        auto value = equals == std::string_view::npos ? std::string_view("true")
                                                      : trim(content.substr(equals + 1));
        if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        settings[section + "." + lower(trim(content.substr(0, equals)))] = value;
    });
    return settings;
}

Project read_project(const Folder& folder) {
    Project project;
    auto text = folder.text("sqitch.conf");
    std::string up;
    if (!text) {
        // The source may be the top folder of the project: its settings lie above it.
        text = folder.text("../sqitch.conf");
        up = "../";
    }
    const auto settings = text ? parse_settings(*text) : std::map<std::string, std::string>();
    const auto setting = [&](const std::string& name, const std::string& fallback) {
        for (const std::string section : {"engine.pg.", "core.pg.", "core."}) {
            if (const auto found = settings.find(section + name); found != settings.end()) {
                return found->second;
            }
        }
        return fallback;
    };
    // Paths are relative to the settings; seen from the source, they may lie in it.
    const auto place = [&](const std::string& path) {
        const auto seen = fs::weakly_canonical(folder.path() / (up + path))
                              .lexically_relative(fs::weakly_canonical(folder.path()))
                              .string();
        return seen == "." ? std::string() : seen;
    };
    const auto below = [](const std::string& top, const char* name) {
        return top.empty() || top == "." ? std::string(name) : top + "/" + name;
    };
    const auto top = setting("top_dir", up.empty() ? "." : folder.path().filename().string());
    const auto reworked = setting("reworked_dir", top);
    project.plan_file = place(setting("plan_file", below(top, "sqitch.plan")));
    project.deploy = place(setting("deploy_dir", below(top, "deploy")));
    project.revert = place(setting("revert_dir", below(top, "revert")));
    project.verify = place(setting("verify_dir", below(top, "verify")));
    project.reworked_deploy = place(setting("reworked_deploy_dir", below(reworked, "deploy")));
    project.reworked_revert = place(setting("reworked_revert_dir", below(reworked, "revert")));
    project.reworked_verify = place(setting("reworked_verify_dir", below(reworked, "verify")));
    project.extension = setting("extension", "sql");
    const auto registry = settings.find("engine.pg.registry");
    project.registry = registry != settings.end() ? registry->second : "sqitch";
    return project;
}

Plan read_plan(const Folder& folder, const std::string& source, std::vector<Mistake>& mistakes) {
    const auto file = read_project(folder).plan_file;
    const auto text = folder.text(file);
    return text ? parse_plan(*text, source + "/" + file, mistakes) : Plan{};
}

}  // namespace caisson::sources::sqitch
