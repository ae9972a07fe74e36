// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "lifecycle/queries/writer.h"

namespace caisson::queries {
namespace {

void declare(Writer& header, const Enum& each) {
    header.doc(each.doc.empty() ? fmt::format("The type {}.{}.", each.schema, each.name)
                                : each.doc);
    std::vector<std::string> enumerators = each.enumerators;
    header.call(fmt::format("enum class {} {{ ", each.cpp), enumerators, " };");
    header.doc("The label as the database has it.");
    header.line("std::string_view to_text({} value);", each.cpp);
    header.doc("Errors: internal for a label that the type did not have when this was made.");
    header.line("{} {}(std::string_view label);", each.cpp, each.from_cpp);
    header.line();
}

void specialise(Writer& header, const Enum& each, const std::string& name_space) {
    const auto type = fmt::format("::{}::{}", name_space, each.cpp);
    header.line("template <>");
    header.line("struct caisson::pg::EnumText<{}> {{", type);
    header.indent();
    header.line("static std::string_view text({} value) {{ return ::{}::to_text(value); }}", type,
                name_space);
    header.line("static {} from(std::string_view label) {{", type);
    header.line("    return ::{}::{}(label);", name_space, each.from_cpp);
    header.line("}}");
    header.outdent();
    header.line("}};");
}

void define(Writer& source, const Enum& each) {
    source.line("std::string_view to_text({} value) {{", each.cpp);
    source.line("    switch (value) {{");
    for (std::size_t i = 0; i < each.labels.size(); ++i) {
        source.line("        case {}::{}:", each.cpp, each.enumerators[i]);
        source.line("            return {};", string_literal(each.labels[i]));
    }
    source.line("    }}");
    source.line("    return \"\";");
    source.line("}}");
    source.line();
    source.line("{} {}(std::string_view label) {{", each.cpp, each.from_cpp);
    for (std::size_t i = 0; i < each.labels.size(); ++i) {
        source.line("    if (label == {}) {{", string_literal(each.labels[i]));
        source.line("        return {}::{};", each.cpp, each.enumerators[i]);
        source.line("    }}");
    }
    source.line("    fail_label({}, label);", string_literal(each.schema + '.' + each.name));
    source.line("}}");
    source.line();
}

}  // namespace

void write_enums(Writer& header, Writer& source, const std::vector<Enum>& enums,
                 const std::string& name_space) {
    if (enums.empty()) {
        return;
    }
    header.line("namespace {} {{", name_space);
    header.line();
    for (const auto& each : enums) {
        declare(header, each);
    }
    header.line("}}  // namespace {}", name_space);
    header.line();
    for (const auto& each : enums) {
        specialise(header, each, name_space);
    }
    header.line();
    source.line("namespace {{");
    source.line();
    source.line("[[noreturn]] void fail_label(const char* type, std::string_view label) {{");
    source.line("    throw caisson::Error(");
    source.line("        caisson::Code::internal,");
    source.line(
        "        \"the type \" + std::string(type) + \" has the new label \" + "
        "std::string(label),");
    source.line("        \"run caisson generate again\");");
    source.line("}}");
    source.line();
    source.line("}}  // namespace");
    source.line();
    for (const auto& each : enums) {
        define(source, each);
    }
}

}  // namespace caisson::queries
