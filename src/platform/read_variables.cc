// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "platform/reading.h"
#include "platform/shape.h"
#include "platform/values.h"
#include "platform/variables.h"

namespace caisson::platform {
namespace {

void check_choices(Reading& reading, const Variable& variable, const Member& member) {
    const Node* choices = member.value.find("choices");
    if (variable.type == VariableType::choice && variable.choices.empty()) {
        reading.mistake(
            member.place,
            fmt::format("the variable {} has the type \"choice\" and no choices; expected "
                        "choices = [\"…\", \"…\"]",
                        variable.name));
    } else if (variable.type != VariableType::choice && choices) {
        reading.mistake(
            choices->place,
            fmt::format("the variable {} has choices and the type \"{}\"; expected type = "
                        "\"choice\"",
                        variable.name, type_name(variable.type)));
    }
}

void check_default(Reading& reading, const Variable& variable, const Node& section) {
    const Node* value = section.find("default");
    if (!value || (variable.type == VariableType::choice && variable.choices.empty())) {
        return;
    }
    if (!fits_variable(variable, value->text)) {
        reading.mistake(value->place,
                        fmt::format("the default of {} {}; expected {}", variable.name,
                                    variable.secret ? "does not fit its type"
                                                    : fmt::format("is \"{}\"", value->text),
                                    expected_value(variable)));
    }
}

void check_required_in(Reading& reading, const Variable& variable, const Node& section) {
    const Node* environments = section.find("required_in");
    if (!environments) {
        return;
    }
    auto known = keys_of(reading.written, "environments");
    known.emplace_back("local");
    for (const auto& item : environments->items) {
        if (item.text != "*" && std::find(known.begin(), known.end(), item.text) == known.end()) {
            reading.mistake(
                item.place,
                fmt::format("the variable {} is required in \"{}\", which is not declared; "
                            "expected one of [environments] or \"*\"",
                            variable.name, item.text),
                suggestion(item.text, known));
        }
    }
}

/// Names and old names: each may stand for one variable only.
void check_names(Reading& reading, const Variable& variable, const Node& section,
                 std::set<std::string>& names) {
    const Node* aliases = section.find("aliases");
    if (!aliases) {
        return;
    }
    for (const auto& alias : aliases->items) {
        if (!is_variable_name(alias.text)) {
            reading.mistake(
                alias.place,
                fmt::format("an old name of {} is \"{}\"; expected letters, digits and _",
                            variable.name, alias.text));
        } else if (!names.insert(alias.text).second) {
            reading.mistake(
                alias.place,
                fmt::format("the old name {} of {} is the name of another variable; expected "
                            "each name once",
                            alias.text, variable.name));
        }
    }
}

Variable read_variable(const Member& member) {
    const Node& section = member.value;
    Variable variable;
    variable.name = member.key;
    variable.place = member.place;
    variable.type = type_named(text_of(section, "type", "text")).value_or(VariableType::text);
    variable.choices = texts_of(section, "choices");
    variable.required_in = texts_of(section, "required_in");
    if (const Node* value = section.find("default")) {
        variable.default_value = value->text;
    }
    variable.example = text_of(section, "example");
    variable.description = text_of(section, "description");
    variable.group = text_of(section, "group");
    variable.aliases = texts_of(section, "aliases");
    variable.secret = boolean_of(section, "secret", false);
    variable.file = text_of(section, "file");
    variable.command = texts_of(section, "command");
    return variable;
}

void check_references(Reading& reading) {
    const auto declared = keys_of(reading.written, "variables");
    for (const auto& reference : reading.references) {
        if (std::find(declared.begin(), declared.end(), reference.name) == declared.end()) {
            reading.mistake(
                reference.place,
                fmt::format("${{{}}} is not declared; expected a section [variables.{}]",
                            reference.name, reference.name),
                suggestion(reference.name, declared));
        }
    }
}

}  // namespace

void read_variables(Reading& reading) {
    std::set<std::string> names;
    for (const auto& key : keys_of(reading.written, "variables")) {
        names.insert(key);
    }
    for (const auto& member : members_of(reading.document, "variables")) {
        auto variable = read_variable(member);
        if (!is_variable_name(member.key)) {
            reading.mistake(
                member.place,
                fmt::format("the variable is called \"{}\"; expected letters, digits and _, "
                            "such as DATABASE_HOST",
                            member.key));
        }
        const Node* written = reading.written.find("variables")->find(member.key);
        // A type or choices that were written wrongly are a mistake already.
        if (!written->find("type") || member.value.find("type")) {
            if (!written->find("choices") || member.value.find("choices")) {
                check_choices(reading, variable, member);
            }
            check_default(reading, variable, member.value);
        }
        check_required_in(reading, variable, member.value);
        check_names(reading, variable, member.value, names);
        if (const Node* command = member.value.find("command"); command && command->items.empty()) {
            reading.mistake(command->place,
                            fmt::format("the command of {} is empty; expected a program and its "
                                        "arguments",
                                        variable.name));
        }
        reading.manifest.variables.push_back(std::move(variable));
    }
    check_references(reading);
}

}  // namespace caisson::platform
