// Waits for an operation until a deadline. See the table in the tests: a value that arrived is never dropped.
#pragma once
