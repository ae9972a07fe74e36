// SPDX-License-Identifier: Apache-2.0
#include "platform/sources.h"

#include <algorithm>
#include <mutex>

#include <fmt/format.h>

#include "base/process.h"
#include "base/text.h"

namespace caisson::platform {
namespace {

constexpr std::chrono::seconds command_limit{30};
constexpr std::chrono::seconds answer_lasts{60};

std::string first_line(std::string_view text) {
    return std::string(trim(text.substr(0, text.find_first_of("\r\n"))));
}

/// The answers of commands, so that ten addresses do not ask a secret manager ten times.
class Answers {
 public:
    static Answers& shared() {
        static Answers answers;
        return answers;
    }
    std::optional<std::string> find(const std::vector<std::string>& key) {
        const std::lock_guard guard(mutex_);
        const auto found = answers_.find(key);
        const bool is_fresh = found != answers_.end() &&
                              std::chrono::steady_clock::now() - found->second.since < answer_lasts;
        return is_fresh ? std::optional(found->second.value.reveal()) : std::nullopt;
    }
    void keep(const std::vector<std::string>& key, const std::string& value) {
        const std::lock_guard guard(mutex_);
        answers_[key] = {Secret(value), std::chrono::steady_clock::now()};
    }

 private:
    struct Answer {
        Secret value;
        std::chrono::steady_clock::time_point since;
    };
    std::mutex mutex_;
    std::map<std::vector<std::string>, Answer> answers_;
};

std::string answer_of(const Manifest& manifest, const Variable& variable) {
    auto key = variable.command;
    key.push_back(manifest.directory.string());
    if (const auto known = Answers::shared().find(key)) {
        return *known;
    }
    const auto fail = [&](const std::string& reason) {
        return Error(Code::variable_invalid,
                     fmt::format("the command of {}, {}, {}", variable.name,
                                 variable.command.front(), reason),
                     fmt::format("run it by hand, or set {} in the environment", variable.name))
            .at(variable.place);
    };
    Command command;
    command.arguments = variable.command;
    if (const auto& program = variable.command.front(); program.find('/') != std::string::npos) {
        command.arguments.front() = (manifest.directory / program).string();
    }
    command.directory = manifest.directory;
    Finished finished;
    try {
        finished = run(command, command_limit);
    } catch (const Error& error) {
        if (error.code() == Code::interrupted) {
            throw;
        }
        throw fail(fmt::format("did not run: {}", error.message()));
    }
    if (!finished.fine()) {
        // Its output may hold the secret; what it says on the other channel is meant to be read.
        throw fail(fmt::format("ended with status {}: {}", finished.status,
                               first_line(trim(finished.errors))));
    }
    auto value = first_line(finished.output);
    if (value.empty()) {
        throw fail("printed nothing; expected the value in its first line");
    }
    Answers::shared().keep(key, value);
    return value;
}

std::string content_of(const Manifest& manifest, const Variable& variable) {
    const fs::path path = manifest.directory / variable.file;
    try {
        return first_line(read_if_exists(path).value_or(""));
    } catch (const Error& error) {
        throw Error(Code::variable_invalid,
                    fmt::format("the file of {}: {}", variable.name, error.message()),
                    "make it readable for the account that runs caisson")
            .at(variable.place);
    }
}

}  // namespace

const Variable* find_variable(const Manifest& manifest, const std::string& name) {
    const auto found = std::find_if(manifest.variables.begin(), manifest.variables.end(),
                                    [&](const Variable& each) { return each.name == name; });
    return found == manifest.variables.end() ? nullptr : &*found;
}

std::optional<Found> find_value(const Manifest& manifest, const Variable& variable,
                                const Variables& variables) {
    std::vector<std::string> names = {variable.name};
    names.insert(names.end(), variable.aliases.begin(), variable.aliases.end());
    for (const auto& name : names) {
        if (const auto set = variables.find(name); set != variables.end() && !set->second.empty()) {
            return Found{Secret(set->second), "environment", name};
        }
    }
    if (!variable.file.empty()) {
        if (auto value = content_of(manifest, variable); !value.empty()) {
            return Found{Secret(std::move(value)), "file", {}};
        }
    }
    if (!variable.command.empty()) {
        return Found{Secret(answer_of(manifest, variable)), "command", {}};
    }
    if (variable.default_value && !variable.default_value->empty()) {
        return Found{Secret(*variable.default_value), "default", {}};
    }
    return std::nullopt;
}

std::optional<Secret> value_of(const Manifest& manifest, const std::string& name,
                               const Variables& variables) {
    const Variable* variable = find_variable(manifest, name);
    if (!variable) {
        throw Error(Code::usage, fmt::format("the manifest declares no variable {}", name),
                    fmt::format("declare it: [variables.{}]", name));
    }
    auto found = find_value(manifest, *variable, variables);
    return found ? std::optional(std::move(found->value)) : std::nullopt;
}

}  // namespace caisson::platform
