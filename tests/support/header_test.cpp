#include EDGEL_TEST_HEADER
int main(void)
{
    return 0;
}
