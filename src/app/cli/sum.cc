// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/sources/sum.h"

#include <set>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "app/cli/context.h"
#include "base/text.h"
#include "lifecycle/sources/sources.h"

namespace caisson::cli {
namespace {

/// The sources of all chosen databases; a folder that several share counts once.
std::vector<platform::Source> sources_of(Context& context) {
    std::vector<platform::Source> list;
    std::set<fs::path> seen;
    for (const auto& database : context.databases()) {
        for (const auto& source : database.migrations) {
            if (seen.insert(source.path.lexically_normal()).second) {
                list.push_back(source);
            }
        }
    }
    return list;
}

/// What the file says at the moment is not what it should say: why, for people.
std::string difference(const platform::Source& source, const std::string& written,
                       const std::vector<sources::SumLine>& lines) {
    std::vector<sources::Mistake> mistakes;
    const auto place = source.name + "/" + std::string(sources::sum_name);
    const auto old = sources::parse_sum(written, place, mistakes);
    if (mistakes.empty()) {
        if (auto mistake = sources::sum_mistake(source.name, old, lines)) {
            mistakes.push_back(std::move(*mistake));
        }
    }
    return mistakes.empty()
               ? place + ": is written otherwise"
               : fmt::format("{}: {}", mistakes.front().place.text(), mistakes.front().message);
}

Exit run_sum(Context& context) {
    const bool only_checks = context.arguments().has("--check");
    boost::json::array rows;
    bool holds = true;
    for (const auto& source : sources_of(context)) {
        const auto file = source.path / sources::sum_name;
        const auto lines = sources::sum_of(source);
        const auto text = sources::to_text(lines);
        const auto written = sources::read_sum(source);
        const bool is_same = written && normalise_lines(*written) == text;
        const auto place = fmt::format("{}/{}", source.name, sources::sum_name);
        const auto count = counted(lines.size(), "file");
        if (is_same) {
            context.print(fmt::format("{}: {}, as it was", place, count));
        } else if (only_checks) {
            context.print(written ? difference(source, *written, lines)
                                  : place + ": is not there; make it with: caisson migrate sum");
        } else {
            if (!context.dry_run()) {
                write_file(file, text);
            }
            context.print(fmt::format("{}: {}{}", place, count,
                                      context.dry_run() ? ", would be written" : ", written"));
        }
        holds = holds && (is_same || !only_checks);
        rows.push_back(boost::json::object{
            {"source", source.name}, {"file", place}, {"files", lines.size()}, {"same", is_same}});
    }
    context.result() = {{"sums", std::move(rows)}, {"holds", holds}};
    return holds ? Exit::fine : Exit::findings;
}

}  // namespace

std::vector<Verb> sum_verbs() {
    return {
        {"migrate sum",
         "writes caisson.sum into each folder of migrations",
         "A line a file, in the order in which they apply, with a hash of all files so far: when "
         "two branches each add a\n"
         "migration, git calls it a conflict. Where a folder has it, every verb refuses files "
         "that it does not list.\n"
         "With --check nothing is written; exit status 7 when a folder has none or another.",
         {{"--check", "", "only say whether they are as they should be", {}}},
         "",
         "  caisson migrate sum\n  caisson migrate sum --check",
         Needs::platform,
         run_sum}};
}

}  // namespace caisson::cli
