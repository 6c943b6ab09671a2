/* GNU C, as vendors write it: fails to compile where a project's -std=c99 reaches the framework. */
void board_wait(void);

void board_wait(void)
{
    asm volatile("nop");
}
