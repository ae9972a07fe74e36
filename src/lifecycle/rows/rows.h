// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Rows made from the catalogue, for whoever has to try something with a table and has none.
///     const auto shapes = rows::read_shapes(connection);
///     const auto& table = shapes.at("public.users");
///     const auto values = rows::choose(connection, table, rows::choices_for(table, {}, tag));
///     rows::put(connection, table, *values);

#include "lifecycle/rows/choose.h"
#include "lifecycle/rows/make.h"
#include "lifecycle/rows/shape.h"
