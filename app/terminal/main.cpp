#include "app/terminal/terminal.h"

int main(int argc, char** argv)
{
    return qd::runTerminal(argc, argv);
}
