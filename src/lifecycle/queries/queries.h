// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The SQL that applications run, as files of a platform, and the typed C++ that is made of it.
/// Flow: load() reads queries/*.sql into values; describe() asks a shadow about every variant of
/// each; read_relations() reads the tables; generate() writes one header and one source.

#include "lifecycle/queries/describe.h"
#include "lifecycle/queries/generate.h"
#include "lifecycle/queries/query.h"
#include "lifecycle/queries/tables.h"
#include "lifecycle/queries/types.h"
