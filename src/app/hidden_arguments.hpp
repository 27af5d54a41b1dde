#pragma once

namespace gensetd::app {

// Overwrites the values of options that may hold a password, so that the list of processes does not show them
// any longer. After the arguments were read.
void hide_secret_arguments(int argc, char** argv);

}  // namespace gensetd::app
